"""The built-in models beside those that `model` itself holds."""
