"""Checks a deployed Freshcoat from outside: `make smoke URL=https://…`. Everything is only read, but for `CANARY`."""
