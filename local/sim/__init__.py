"""A simulated Azure: ARM's own paths for compute and desktop virtualization, on loopback.

The real SDK clients run against it unchanged. `python -m local.sim --help` starts it as a server,
`local.sim.testing.start_simulator` inside a test.
"""
