"""What signs the record, with the real SDKs."""
