"""Forms that change what is saved: two people's versions are compared, none is lost."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import BoundField
from django.http import QueryDict
from django.utils.crypto import salted_hmac

from accounts import ciphers
from accounts.http import SignedInRequest
from audit import versions
from audit.versions import Change, Record, Seen

_Form = TypeVar("_Form", bound=forms.Form)
SEEN, KEEP = "seen", "keep_"
MINE, THEIRS = "mine", "theirs"
SOMEBODY = "Somebody else"
SENTENCE = (
    "Somebody else changed this while you had it open. Nothing is lost, and nothing of "
    "yours is saved yet: choose which value stays, then save again."
)
UNSEEN = (
    "This page does not say which version of the record it showed. Look at it as it "
    "stands now, then send it again. Nothing of yours is saved yet."
)


@dataclass(frozen=True, slots=True)
class Line:
    """A field that both changed: what was typed, what is saved now, by whom and when."""

    name: str
    label: str
    mine: str
    theirs: str
    who: str
    at: str

    @property
    def keep(self) -> str:
        """Return the name of the choice's field."""
        return f"{KEEP}{self.name}"


@dataclass(frozen=True, slots=True)
class _Base:
    """What a page showed: entries of the trail, digests of each field and of the rows.

    `asked` are the fields of which it asked whose value stays.
    """

    seen: Seen
    shown: Mapping[str, str]
    content: str = ""
    asked: tuple[str, ...] = ()

    def sealed(self, request: SignedInRequest) -> str:
        """Return it as the page carries it; only this person's next request opens it."""
        text = json.dumps(
            [str(self.seen), dict(self.shown), self.content, self.asked],
            separators=(",", ":"),
        )
        key, *_ = _keys()
        return ciphers.sealed(text, bound_to=str(request.user.pk), key=key)

    @classmethod
    def opened(cls, request: SignedInRequest) -> "_Base | None":
        """Return what the request brings back; None where we sealed no such thing."""
        text = ciphers.opened(
            request.POST.get(SEEN, ""), bound_to=str(request.user.pk), keys=_keys()
        )
        if text is None:
            return None
        seen, shown, content, asked = json.loads(text)
        return cls(Seen.parsed(seen), shown, content, tuple(asked))


_NOTHING = _Base(Seen({}), {})


def _keys() -> list[bytes]:
    """Return the key that seals, and after it those that still open."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [
        salted_hmac("accounts.editing", SEEN, secret, algorithm="sha512").digest()
        for secret in secrets
    ]


@dataclass(slots=True)
class Edit(Generic[_Form]):
    """A form with the version of what it shows; `lines` wait for the person's choice.

    `taken` are the fields that only others changed: the form has their values.
    """

    form: _Form
    request: SignedInRequest
    base: _Base
    _now: Seen
    lines: list[Line] = field(default_factory=list)
    taken: list[Line] = field(default_factory=list)
    # Whether nothing is left in the form that differs from what is saved.
    is_same: bool = False
    # Whether the rows are locked, since the trail tells this person of nobody.
    is_held: bool = False

    @property
    def seen(self) -> str:
        """Return what the page is to send back, which only we can read (DAT-04)."""
        asked = tuple(line.name for line in self.lines)
        return replace(self.base, asked=asked).sealed(self.request)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run the act; raise `Changed`, with nothing saved, if others were quicker."""
        if self.is_held:
            yield
            return
        with versions.unless_changed(list(self._now), self._now, by=self.request.actor):
            yield
        for line in self.taken:
            messages.info(
                self.request,
                f"{line.who} had changed “{line.label}” meanwhile; it is now "
                f"{line.theirs or 'nothing'}.",
            )

    def guarded(self, act: Callable[[], object]) -> Callable[[], None]:
        """Return the act under `guard`."""

        def run() -> None:
            with self.guard():
                act()

        return run


def edited(
    request: SignedInRequest,
    make: Callable[[QueryDict | None], _Form],
    *,
    rows: Sequence[models.Model] = (),
    records: Sequence[Record] = (),
    zone: str = "UTC",
    is_whole: bool = False,
    is_sent: bool = True,
) -> Edit[_Form]:
    """Return the form of a page that changes `rows` (or `records` of the trail).

    `make` returns the form for what was typed, or as it starts; what it reads, it reads
    when it is called. Where somebody else changed what the form shows since it was opened,
    or the page does not say what it showed, it comes back refused with both versions
    (DAT-04); their times are of `zone`. An act on a record as it stands (to sign, to undo
    it) `is_whole`: after anybody else's change it is to be looked at again. Not `is_sent`
    is a form beside the one that was sent.
    """
    known = list(dict.fromkeys([*versions.records_of(rows), *records]))
    if request.method != "POST" or not is_sent:
        now = versions.newest(known)
        versions.catch_up(rows)
        form = make(None)
        base = _Base(now, _shown(form), versions.content_of(rows))
        return Edit(form, request, base, now)
    return _sent(request, make, known, rows, ZoneInfo(zone), is_whole=is_whole)


def _sent(  # noqa: PLR0917 - what `edited` was given
    request: SignedInRequest,
    make: Callable[[QueryDict | None], _Form],
    known: Sequence[Record],
    rows: Sequence[models.Model],
    zone: ZoneInfo,
    *,
    is_whole: bool,
) -> Edit[_Form]:
    base = _Base.opened(request)
    if base is None and not known:
        base = _NOTHING  # nobody has saved this yet: there is no version to know
    changes = versions.since(known, base.seen if base else {})
    others = versions.by_others(changes, request.actor)
    is_held = (
        base is not None and bool(known) and not (changes or any(base.seen.values()))
    )
    is_stale = base is not None and is_held and _is_stale(base, rows)
    if base and not (base.asked or others or is_stale):
        now = Seen({record: base.seen[record] for record in known} | dict(base.seen))
        return Edit(make(request.POST), request, base, now, is_held=is_held)
    now = versions.newest(known)
    versions.catch_up(rows)
    if is_whole:
        form = make(request.POST)
        is_known = base is not None and (others or is_stale)
        form.add_error(None, _look_again(others) if is_known else UNSEEN)
        return Edit(form, request, _Base(now, {}, versions.content_of(rows)), now)
    merge = _Merge(request, make, changes or versions.since(known, {}))
    edit = merge.edit(now, base, zone=zone)
    edit.base = replace(edit.base, content=versions.content_of(rows))
    edit.is_held = is_held
    return edit


def _is_stale(base: _Base, rows: Sequence[models.Model]) -> bool:
    """Whether rows changed for somebody to whom the trail is closed, as it is to raters.

    By whom is not told to them, so that their own change counts as somebody else's. The
    rows stay locked until the act is done: nobody saves at the same moment, of whom the
    trail would tell others after the act.
    """
    versions.catch_up(rows, locked=True)
    return base.content != versions.content_of(rows)


def _look_again(others: Sequence[Change]) -> str:
    return (
        f"{others[0].who if others else SOMEBODY} changed this while you had it open. "
        "Look at it as it stands now, then send it again. Nothing is saved yet."
    )


class _Merge(Generic[_Form]):
    """Three versions of one form: as it was shown, as it was typed, as it is saved now."""

    def __init__(
        self,
        request: SignedInRequest,
        make: Callable[[QueryDict | None], _Form],
        changes: Sequence[Change],
    ) -> None:
        self.make, self.changes = make, changes
        self.request = request
        self.data: QueryDict = request.POST.copy()
        self.saved = make(None)
        self.typed = make(request.POST)
        self.lines: list[Line] = []
        self.taken: list[Line] = []

    def edit(self, now: Seen, known: _Base | None, *, zone: ZoneInfo) -> Edit[_Form]:
        """Return what is to be chosen; without a known base nothing may be saved yet."""
        base = known or _NOTHING
        self.asked, self.zone = base.asked, zone
        offered = _offered(self.saved)
        for name in self.saved.fields:
            if name not in offered:
                # What the page did not have, it showed as empty.
                self._settle(name, base.shown.get(name, digest("")))
        form = self.make(self.data)
        if not known or self.lines:
            form.add_error(None, SENTENCE if known else UNSEEN)
        edit = Edit(form, self.request, _Base(now, _shown(self.saved)), now)
        edit.lines, edit.taken = self.lines, self.taken
        edit.is_same = known is not None and all(
            text_of(form[name]) == text_of(self.saved[name])
            for name in base.shown.keys() & self.saved.fields.keys()
        )
        return edit

    def _settle(self, name: str, then: str) -> None:
        mine, theirs = text_of(self.typed[name]), text_of(self.saved[name])
        is_changed = digest(theirs) != then
        is_asked = name in self.asked
        if mine == theirs or not (is_changed or is_asked):
            return
        if is_changed and not is_asked and digest(mine) == then:
            self._put(name)
            self.taken.append(self._line(name))
            return
        choice = None if is_changed else self.data.get(f"{KEEP}{name}")
        if choice == THEIRS:
            self._put(name)
        elif choice != MINE:
            self.data.pop(f"{KEEP}{name}", None)
            self.lines.append(self._line(name))

    def _put(self, name: str) -> None:
        """Put what is saved now in the place of what was typed."""
        bound = self.saved[name]
        values = _values(bound)
        self.data.setlist(bound.html_name, values)
        if not values:
            del self.data[bound.html_name]

    def _line(self, name: str) -> Line:
        change = self._change_of(name)
        return Line(
            name=name,
            label=str(self.saved[name].label),
            mine=words_of(self.typed[name]),
            theirs=words_of(self.saved[name]),
            who=change.who if change else SOMEBODY,
            at=_moment(change.at.astimezone(self.zone)) if change else "",
        )

    def _change_of(self, name: str) -> Change | None:
        """Return the newest change that names the field's column, else the newest."""
        others = versions.by_others(self.changes, self.request.actor) or self.changes
        for change in others:
            if change.columns is None or {name, f"{name}_id"} & change.columns:
                return change
        return others[0] if others else None


def _shown(form: forms.Form) -> dict[str, str]:
    """Return what a form shows as a digest for each field, to compare with later."""
    # What is only offered, as the day of today, nobody has saved.
    offered = _offered(form)
    return {
        name: digest("" if name in offered else text_of(form[name]))
        for name in form.fields
    }


def _offered(form: forms.Form) -> frozenset[str]:
    """Return the fields that start with something nobody has saved, as the form says."""
    return getattr(form, "offered", frozenset())


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _values(bound: BoundField) -> list[str]:
    """Return what a browser would send for a field as it stands."""
    value = bound.value()
    if isinstance(bound.field.widget, forms.CheckboxInput):
        return ["on"] if value and value not in {"False", "false"} else []
    shown = bound.field.widget.format_value(value)
    if isinstance(shown, list | tuple):
        return [str(each) for each in shown if each not in {None, ""}]
    return [] if shown in {None, ""} else [str(shown)]


def text_of(bound: BoundField) -> str:
    """Return a field's value in one spelling, whether it was typed or is saved."""
    values = [_spelled(bound.field, value) for value in _values(bound)]
    return "\n".join(sorted(values))


def _spelled(kind: forms.Field, text: str) -> str:
    if isinstance(kind, forms.ChoiceField) or kind.widget.is_hidden:
        return text
    try:
        value = kind.to_python(text)
    except ValidationError:
        return text
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return text.strip().replace("\r\n", "\n") if isinstance(value, str) else str(value)


def words_of(bound: BoundField) -> str:
    """Return a field's value as a person reads it; empty for nothing."""
    values = _values(bound)
    kind = bound.field
    if isinstance(kind, forms.BooleanField):
        return "Yes" if values else "No"
    if isinstance(kind, forms.ChoiceField):
        labels = {str(value): str(label) for value, label in kind.choices}  # type: ignore[union-attr,misc] # none here has groups
        return "; ".join(labels.get(value, value) for value in values)
    return "; ".join(_day(kind, value) for value in values)


def _day(kind: forms.Field, text: str) -> str:
    try:
        value = kind.to_python(text)
    except ValidationError:
        return text
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value.day} {value:%b %Y}"
    return _moment(value) if isinstance(value, datetime) else text


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%b %Y %H:%M}"
