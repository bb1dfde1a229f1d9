"""The trail: who did what, when, why, and what changed."""
