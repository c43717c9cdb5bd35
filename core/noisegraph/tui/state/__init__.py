"""What the terminal interface knows: runs, the queue, results, the session; plain data, no widgets."""
