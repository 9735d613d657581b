"""Who asks, and what they may: proofs of identity, app keys, grants, and whose a thing is."""
