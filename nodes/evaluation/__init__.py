"""How good what a model draws is, each figure with its interval of confidence."""
