"""Single rules of the steps of a host."""
