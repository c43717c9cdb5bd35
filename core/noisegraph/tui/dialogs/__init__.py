"""What is asked in a box over the panes: one of many, a text, a sweep."""
