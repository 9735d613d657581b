"""The local stack on one machine: Azurite, the simulated Azure and the function host."""
