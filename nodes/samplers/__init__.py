"""Samplers as published: a small file for each method or group of siblings; `sampler.py` gathers them."""
