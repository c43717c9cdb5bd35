"""The plugins that are installed, with their nodes."""
