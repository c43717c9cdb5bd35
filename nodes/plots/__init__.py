"""What plots are made of; the nodes are in nodes/plot.py."""
