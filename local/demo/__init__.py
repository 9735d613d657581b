"""`make demo`: its scenes in order, how their progress is displayed, and the records that it saves."""
