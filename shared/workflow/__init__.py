"""How a durable step waits, polls, retries and reports."""
