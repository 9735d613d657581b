"""What is in `examples/`: parsed, compared with the API and the command line, and run where that is possible."""
