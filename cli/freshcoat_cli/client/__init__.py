"""The HTTP side: requests, repeated where that is safe, and their refusals as errors of the command line."""
