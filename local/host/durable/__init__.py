"""The durable engine of the host: orchestrations, entities, and their HTTP API."""
