"""The HTTP contract: requests, queries and answers by resource. Pure."""
