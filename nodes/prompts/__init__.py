"""Prompts as people write them: their grammar, their tokens in chunks, their weights."""
