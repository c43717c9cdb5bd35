"""The graph drawn in text: as rails, as boxes, as a table."""
