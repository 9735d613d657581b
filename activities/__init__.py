"""The activities: parse, run the use case with the services, return. No logic."""
