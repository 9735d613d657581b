"""The adapter of Microsoft Graph."""
