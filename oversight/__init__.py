"""IRB auditors and data managers: the whole blinded record and its trail, read-only."""
