"""The local host, the simulated Azure, the stack and the checks of the project."""
