"""The durable engine behind the host: orchestrations, entities, and the routes by which clients reach them."""
