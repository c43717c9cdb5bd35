"""The built-in nodes: one file a plugin."""
