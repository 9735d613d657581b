"""Access: tokens, keys, and who may what."""
