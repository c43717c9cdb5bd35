"""The runs that wait, that is on, and that were."""
