"""Likelihoods as published: a small file for each part; `likelihood.py` gathers them."""
