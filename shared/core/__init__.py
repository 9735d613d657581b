"""Ids, names, states, settings, errors, time zones and wording. Imports nothing else of ours."""
