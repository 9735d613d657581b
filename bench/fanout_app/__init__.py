"""A function app for `bench.vs_fanout`."""
