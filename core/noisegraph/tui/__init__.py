"""The terminal interface: one more face of the worker's events. Nothing here imports torch."""
