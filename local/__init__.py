"""What runs Freshcoat on one machine: the function host, the simulated Azure, the demo."""
