"""A function host for one machine: serves an app folder of the Python v2 model like Azure Functions.

Microsoft's worker code decodes, runs and encodes every invocation, and Microsoft's in-memory Durable Task backend
stores the orchestrations. This package connects both with HTTP and timers.
"""
