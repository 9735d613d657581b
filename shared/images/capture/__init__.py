"""Set as image: a version made from a clone of the template VM."""
