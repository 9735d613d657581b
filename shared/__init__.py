"""What Freshcoat knows and decides: models, rules, use cases, and the ports behind which Azure stands."""
