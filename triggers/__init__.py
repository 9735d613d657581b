"""HTTP and timer functions: parse, call, answer. No logic."""
