"""Ids, names, states, settings, errors, time zones and wording. Imports no other folder."""
