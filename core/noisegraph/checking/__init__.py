"""A graph opened up, its wires and its literals checked."""
