"""Signing a sponsor's program in by its API token."""
