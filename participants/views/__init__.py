"""Pages about participants: the screening log, identity, eligibility, deviations."""
