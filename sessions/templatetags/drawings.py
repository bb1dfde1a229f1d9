"""The small drawings that a page shows dozens of: window bars and the timeline's marks.

Tags and not included templates: as those, they were a quarter of the time that the
participant's page took. Numbers are put in as they are: to escape each of a thousand
coordinates was an eighth of it.
"""

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from sessions.drawing.timeline import DrawnMark
from sessions.drawing.windows import WindowBar

register = template.Library()

_NOTHING = SafeString("")


def _filled(pattern: str, *places: object, **named: object) -> SafeString:
    """Returns a pattern with numbers and drawings as they are, and all else escaped."""
    return SafeString(
        pattern.format(
            *map(_safe, places), **{name: _safe(value) for name, value in named.items()}
        )
    )


def _safe(value: object) -> object:
    return value if isinstance(value, _HARMLESS) else escape(value)


_HARMLESS = (float, int, SafeString)


@register.simple_tag
def window_bar(bar: WindowBar, *, with_text: bool = False) -> SafeString:
    """Returns one window's drawing with its sentence, by default for screen readers only."""
    return _filled(
        '<span class="window"><svg class="drawing" width="{w}" height="{h}"'
        ' viewBox="0 0 {w} {h}" aria-hidden="true" focusable="false">'
        '<line class="d-line" x1="0" x2="{w}" y1="{middle}" y2="{middle}" />'
        '<rect class="d-window" x="{opens}" y="{top}" width="{wide}" height="{thick}"'
        ' rx="2" />'
        '<line class="d-target" x1="{target}" x2="{target}" y1="{top}" y2="{bottom}" />'
        "{today}{booked}{held}</svg><span{hidden}>{sentence}</span></span>",
        w=bar.width,
        h=bar.height,
        middle=bar.middle,
        opens=bar.opens_x,
        top=bar.top,
        bottom=bar.bottom,
        wide=bar.window_width,
        thick=bar.thickness,
        target=bar.target_x,
        today=_today(bar),
        booked=_upright("d-booked", bar.booked_x, top=1, bottom=bar.bottom),
        held=_held(bar.held_x, bar.middle, 4.5, is_outside=not bar.held_inside),
        hidden=_NOTHING if with_text else _HIDDEN,
        sentence=bar.sentence,
    )


@register.simple_tag
def timeline_mark(mark: DrawnMark) -> SafeString:
    """Returns one visit on the timeline, a link whose name is the whole sentence."""
    return _filled(
        '<a class="d-mark is-{standing}" href="{href}" aria-label="{sentence}">'
        "<title>{sentence}</title>"
        '<rect class="d-hit" x="{x}" y="{y}" width="{width}" height="{height}" rx="3" />'
        '<text class="d-strong" x="{middle}" y="{label_y}" text-anchor="middle">{code}'
        "</text>{window}{reach}{booked}{held}{missed}</a>",
        standing=mark.standing,
        href=mark.href,
        sentence=mark.sentence,
        x=mark.x,
        y=mark.y,
        width=mark.width,
        height=mark.height,
        middle=mark.middle_x,
        label_y=mark.label_y,
        code=mark.code,
        window=_window(mark),
        reach=_reach(mark),
        booked=_upright(
            "d-booked",
            mark.booked_x,
            top=mark.booked_top,
            bottom=mark.booked_bottom,
        ),
        held=_held(mark.held_x, mark.held_y, 5, is_outside=mark.standing == "outside"),
        missed=_filled('<path class="d-missed" d="{}" />', mark.cross)
        if mark.cross
        else _NOTHING,
    )


_HIDDEN = SafeString(' class="visually-hidden"')


def _today(bar: WindowBar) -> SafeString:
    if bar.today_end:
        return _filled('<path class="d-today-end" d="{}" />', bar.today_end)
    return _upright("d-today", bar.today_x, top=0, bottom=bar.height)


def _upright(kind: str, x: float | None, *, top: float, bottom: float) -> SafeString:
    if x is None:
        return _NOTHING
    return _filled(
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}" />', kind, x, x, top, bottom
    )


def _held(x: float | None, y: float, radius: float, *, is_outside: bool) -> SafeString:
    if x is None:
        return _NOTHING
    outside = " is-outside" if is_outside else ""
    return _filled(
        '<circle class="d-held{}" cx="{}" cy="{}" r="{}" />', outside, x, y, radius
    )


def _window(mark: DrawnMark) -> SafeString:
    if mark.window_x is None:
        return _NOTHING
    return _filled(
        '<rect class="d-window" x="{}" y="{}" width="{}" height="8" rx="2" />',
        mark.window_x,
        mark.window_y,
        mark.window_width,
    )


def _reach(mark: DrawnMark) -> SafeString:
    if mark.reach is None:
        return _NOTHING
    return _filled(
        '<line class="d-reach" x1="{}" x2="{}" y1="{}" y2="{}" />',
        *mark.reach,
        mark.held_y,
        mark.held_y,
    )
