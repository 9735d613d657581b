"""HTTP and timer functions: they parse the request, call one use case and answer. No logic."""
