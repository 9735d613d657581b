"""Everything together, over HTTP."""
