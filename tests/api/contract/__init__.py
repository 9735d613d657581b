"""The contract: what the OpenAPI document promises of each route."""
