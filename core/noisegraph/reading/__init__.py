"""What files say: JSON text, files that graphs name, the code of plugins."""
