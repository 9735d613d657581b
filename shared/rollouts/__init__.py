"""The use cases of Update Image: asking for it, looking at a pool, rebuilding a host, steering, progress."""
