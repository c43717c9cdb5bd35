"""Guidance as published: a small file for each method or group of siblings; `guide.py` gathers them."""
