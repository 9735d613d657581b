"""Where the command line keeps what it knows: profiles, app keys, sign-ins."""
