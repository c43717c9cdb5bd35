"""The graph that is open: its text, which edits change where they must and nowhere else."""
