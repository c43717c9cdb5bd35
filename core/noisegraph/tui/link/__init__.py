"""The worker process that the interface talks with."""
