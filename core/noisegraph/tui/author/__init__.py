"""What an author is offered: nodes that fit, sources that may be wired, names that are free."""
