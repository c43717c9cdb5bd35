"""What is told of a node that failed, and what can be done about it."""
