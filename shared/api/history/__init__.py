"""What has happened: queries and answers."""
