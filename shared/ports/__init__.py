"""The contracts of the use cases with Azure, the tables and the durable engine, as protocols."""
