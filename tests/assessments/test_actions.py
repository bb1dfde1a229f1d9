"""What the actions of assessments let happen, and what they leave behind."""
