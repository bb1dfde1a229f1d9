"""What every page's templates use: icons, dates in the trial's form, time left."""

from datetime import date, datetime
from functools import cache

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_TONES = {"success": "good", "warning": "due", "error": "late"}
_ICONS = {
    "success": "check-circle",
    "warning": "exclamation-triangle",
    "error": "exclamation-circle",
}


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Returns the named icon of the sprite; decoration, so always beside a word."""
    return format_html(
        '<svg class="icon" width="16" height="16" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag
def state_chip(word: str, tone: str, name: str) -> SafeString:
    """Returns a state as a chip: a word of the lifecycle tables, its tone and its icon.

    Tones: plain, accent, good, due, late, stop, sealed. A tag and not an included
    template, since a list shows a hundred of them.
    """
    return format_html('<span class="chip tone-{}">{}{}</span>', tone, icon(name), word)


@register.simple_tag
def candor_mark() -> str:
    """Returns the address of the product's mark."""
    return static("icons/candor.svg")


@register.filter
def day(value: date | None) -> str:
    """Returns a date as 23 Nov 2026, nothing for nothing."""
    if value is None:
        return ""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


@register.filter
def planned_day(value: date | None) -> str:
    """Returns the date of a planned visit with its weekday: Mon 23 Nov 2026."""
    if value is None:
        return ""
    return f"{WEEKDAYS[value.weekday()]} {day(value)}"


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


@register.filter
def moment(value: datetime | None) -> str:
    """Returns a time in the current zone as 23 Nov 2026 14:03."""
    if value is None:
        return ""
    local = _local(value)
    return f"{day(local)} {local:%H:%M}"


@register.filter
def moment_here(value: datetime | None) -> str:
    """Returns a time in the current zone, named: 23 Nov 2026 14:03 MST."""
    return "" if value is None else moment_with_zone(_local(value))


@register.filter
def moment_with_zone(value: datetime | None) -> str:
    """Returns a time in its own zone, named: 23 Nov 2026 14:03 MST."""
    if value is None:
        return ""
    return f"{day(value)} {value:%H:%M %Z}".rstrip()


@register.filter
def time_left(due_at: datetime, now: datetime) -> str:
    """Returns the time from now to due_at in words: "2 d 4 h left", "14 min overdue".

    static/js/clock.js counts on in the same words.
    """
    seconds = int((due_at - now).total_seconds() // 1)
    minutes = abs(seconds) // 60
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        parts = [f"{days} d", f"{hours} h" if hours else ""]
    else:
        parts = [
            f"{hours} h" if hours else "",
            f"{rest} min" if rest or not hours else "",
        ]
    words = " ".join(part for part in parts if part)
    return f"{words} {'overdue' if seconds < 0 else 'left'}"


@register.filter
def message_tone(level: str) -> str:
    """Returns the tone in which a message of this level is shown."""
    return _TONES.get(level, "plain")


@register.filter
def message_icon(level: str) -> str:
    """Returns the icon beside a message of this level."""
    return _ICONS.get(level, "info-circle")
