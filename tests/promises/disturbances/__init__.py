"""The search for broken promises: disturbances."""
