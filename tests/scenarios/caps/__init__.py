"""How much of an account begins within an hour."""
