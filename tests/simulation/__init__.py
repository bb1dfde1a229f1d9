"""Tests of the constructed demonstration cohort."""
