"""Images: registration, capture, staging, activation, promotion, removal."""
