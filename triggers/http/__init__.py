"""What happens around every request: parse, idempotency, errors, the OpenAPI document."""
