"""Values kept by key: codecs, memory, disk."""
