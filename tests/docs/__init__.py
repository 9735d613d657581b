"""The documented commands are run, and their shown answers compared with the real ones."""
