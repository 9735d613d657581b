"""The story `make demo` tells, one chapter after the other, and what is kept of it."""
