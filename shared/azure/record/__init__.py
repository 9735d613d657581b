"""What signs the record, and where its signatures are kept."""
