"""Single modules; the folders mirror those of the product."""
