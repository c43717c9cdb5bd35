"""Pictures on other canvases, and what files of pictures say of how they were made."""
