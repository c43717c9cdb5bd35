"""What the worker and its nodes say, as lines that can be followed, filtered and searched."""
