"""A simulated Azure: ARM's routes for compute and desktop virtualization on loopback.

The real SDK clients run against it unchanged. `python -m local.sim` starts it as a server, and
`local.sim.testing.start_simulator` starts it inside a test.
"""
