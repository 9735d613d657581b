"""The function app of `bench.vs_fanout`."""
