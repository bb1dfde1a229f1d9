"""The formats of the one language that Candor speaks."""
