"""Plain torch modules; nothing of noisegraph inside."""
