"""The benchmark: the ordinary work at a thousand participants, measured and printed."""
