"""Pages of assessments: entering a form, a rater's interviews, starting forms."""
