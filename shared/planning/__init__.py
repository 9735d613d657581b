"""Which hosts next, and why not the others: pure functions of what is, the policy, and the moment."""
