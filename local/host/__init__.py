"""A function host for one machine: serves a Python v2-model app folder as Azure Functions would.

Microsoft's own worker code decodes, runs and encodes every invocation, and Microsoft's in-memory
Durable Task backend keeps the orchestrations; this package is the glue between them and HTTP.
"""
