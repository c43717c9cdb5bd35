"""Plots, and what they are made of; plot.py gathers them."""
