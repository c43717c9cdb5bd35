"""Forms: the parameters of a node as lines of text, and an editor for the one that is edited."""
