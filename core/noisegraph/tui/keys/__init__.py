"""Keys: chords of two letters, counts, the user's own keys, and the footer that shows them."""
