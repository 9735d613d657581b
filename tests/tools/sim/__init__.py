"""The simulated Azure, through the real SDK clients."""
