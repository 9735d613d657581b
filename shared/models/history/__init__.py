"""What has happened, as it is kept."""
