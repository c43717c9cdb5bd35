"""The line at the top: what is open, how far the run is, what the worker uses."""
