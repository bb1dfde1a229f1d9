"""The verifier of exported trails: one script that needs nothing of the project."""
