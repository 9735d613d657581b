"""The use cases of a rollout: preview, preflight, start, reconcile passes, rebuilding hosts, commands, recovery."""
