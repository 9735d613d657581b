"""The activities: parse, run the use case with the services, return. No logic.

Their parameters are plain `dict`: the worker refuses generic types in a function's signature, hence the ignores.
"""
