"""Help, the palette, and the letters that lead to panes."""
