"""The graph library, shipped as package data."""
