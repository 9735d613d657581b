"""What the users of a pool are told, and when they are signed out."""
