"""How rebuilt hosts join and register, in virtual time."""
