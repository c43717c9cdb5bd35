"""Pictures in the terminal: blocks of colour, previews of steps, what the terminal can show."""
