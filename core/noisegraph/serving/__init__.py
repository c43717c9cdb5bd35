"""Runs for other programs, in JSON lines."""
