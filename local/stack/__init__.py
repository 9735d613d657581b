"""Everything up on one machine: Azurite, the simulated Azure, the function host."""
