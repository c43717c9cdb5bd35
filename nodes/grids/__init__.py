"""Grids of noise levels, a file for each thing that they are even in; `levels.py` gathers them."""
