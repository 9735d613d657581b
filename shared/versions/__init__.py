"""What may happen to the versions of an image, and who may have them. Pure."""
