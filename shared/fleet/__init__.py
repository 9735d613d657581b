"""One update over many pools: rings, approvals, the way back."""
