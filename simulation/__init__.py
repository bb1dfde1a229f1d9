"""The constructed demonstration cohort and what it reproduces."""
