"""Work that waits until a second person approves it, or somebody for a requester who has no access any more."""
