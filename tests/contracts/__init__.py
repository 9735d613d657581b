"""Adapters against recorded Azure answers, the simulated Azure and Azurite."""
