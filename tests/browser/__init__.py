"""The web console in a real browser, on the running app and the simulated Azure."""
