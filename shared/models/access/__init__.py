"""Access: needs, roles and callers; the rows of grants and app keys."""
