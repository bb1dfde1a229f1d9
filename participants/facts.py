"""What a fact of eligibility holds: how it is stored, compared and read aloud."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from audit.refusal import Refused
from participants.eligibility import StoppedDrug
from trials.protocol import Fact, FactType, ProtocolDefinition

Value = bool | int | Decimal | date | str
Stored = bool | int | float | str

# These come from a signed form, never from a keyboard.
FROM_FORMS = frozenset({FactType.SCORE, FactType.DIAGNOSIS})
_YES_NO = frozenset({FactType.YES_NO, FactType.DIAGNOSIS})
_NUMBERS = frozenset({FactType.NUMBER, FactType.SCORE})


def is_typed(fact: Fact) -> bool:
    """Tell whether a fact is typed in; others come from signed forms or from records."""
    return fact.type not in FROM_FORMS and not fact.record


def stored(fact: Fact, value: object) -> Stored:
    """Return the value as JSON keeps it; Refused in words when it is of another kind.

    A date is kept as ISO text, a number as the shortest number that reads back equal.
    """
    kept: Stored | None = None
    if fact.type in _YES_NO and isinstance(value, bool):
        kept = value
    elif fact.type is FactType.WHOLE and _is_whole(value):
        kept = int(str(value))
    elif fact.type in _NUMBERS and (number := _number(value)) is not None:
        whole = number == number.to_integral_value()
        kept = int(number) if whole else float(number)
    elif fact.type is FactType.DATE and (day := _day(value)) is not None:
        kept = day.isoformat()
    elif fact.type is FactType.CHOICE and value in {x.code for x in fact.choices}:
        kept = str(value)
    if kept is None:
        raise Refused(f"“{value}” is not an answer to “{fact.label}”.")
    return kept


def typed(fact: Fact, kept: object) -> Value:
    """Return what JSON kept as the rules of the protocol compare it."""
    value: Value = str(kept)
    if fact.type in _NUMBERS:
        value = Decimal(str(kept))
    elif fact.type is FactType.DATE:
        value = date.fromisoformat(str(kept))
    elif fact.type in _YES_NO:
        value = bool(kept)
    elif fact.type is FactType.WHOLE:
        value = int(str(kept))
    return value


def labels_of(definitions: Iterable[ProtocolDefinition]) -> dict[str, str]:
    """Return what protocols call their facts, by code."""
    return {fact.code: fact.label for each in definitions for fact in each.facts}


def drugs_kept(drugs: Iterable[StoppedDrug]) -> list[dict[str, str | None]]:
    """Return what was taken as JSON keeps it, under the code `MEDICATIONS`."""
    return [
        {
            "drug": each.drug,
            "last_dose_on": each.last_dose_on.isoformat()
            if each.last_dose_on
            else None,
        }
        for each in drugs
    ]


def drugs_of(kept: object) -> tuple[StoppedDrug, ...]:
    """Return what was taken from what JSON kept of it."""
    lines = kept if isinstance(kept, list) else []
    return tuple(
        StoppedDrug(
            line["drug"],
            date.fromisoformat(line["last_dose_on"]) if line["last_dose_on"] else None,
        )
        for line in lines
    )


def shown(fact: Fact, kept: object) -> str:
    """Return what people read for a kept value, with its unit."""
    value = typed(fact, kept)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    if fact.type is FactType.CHOICE:
        labels = {item.code: item.label for item in fact.choices}
        return labels.get(str(value), str(value))
    return f"{value} {fact.unit}".strip()


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _day(value: object) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
