"""Dates and times as every other page writes them; a time names its zone.

The settings of the same names are not asked: Django takes a language's own first, and
English as it ships it writes "May 4, 2026, 3:12 p.m.".
"""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y H:i T"
TIME_FORMAT = "H:i"
