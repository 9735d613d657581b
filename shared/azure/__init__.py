"""The adapters behind the Azure ports. Only this folder imports the management SDKs.

`azure-facts n` in a comment names the section of the project's notes on Azure that a fact comes from.
"""
