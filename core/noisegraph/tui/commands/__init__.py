"""What a user can do: each command has an id, keys, a word for the footer, and a sentence of help."""
