"""People who use the system, their roles, and what each role may read."""
