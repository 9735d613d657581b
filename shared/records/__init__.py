"""Finding rows and changing them."""
