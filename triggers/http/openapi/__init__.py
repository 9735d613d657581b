"""The OpenAPI document, generated from the table of endpoints and the models."""

from triggers.http.openapi.document import document

__all__ = ["document"]
