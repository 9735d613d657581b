"""HTTP in memory: changing registrations with PUT and PATCH."""
