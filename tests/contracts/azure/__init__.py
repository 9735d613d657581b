"""The Azure ports through the real SDK clients, against the simulated Azure."""
