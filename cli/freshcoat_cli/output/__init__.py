"""What is printed: tables for people, JSON for programs, and what goes wrong on stderr."""
