"""Set as image: a version made from a copy of the template VM."""
