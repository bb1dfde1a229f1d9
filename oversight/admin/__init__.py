"""What auditors can read: one class a model, fields listed by name.

Identifying fields are in no list, and nothing here leads behind the wall.
"""

from oversight.admin import assessments, course, medical, participants, trials

__all__ = ["assessments", "course", "medical", "participants", "trials"]
