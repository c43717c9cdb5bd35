"""Contracts that plugin authors subclass, and models with exact answers."""
