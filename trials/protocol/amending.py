"""Which new version of a definition may follow another, and why one may not."""

from collections.abc import Collection, Iterator

from trials.protocol.definition import ProtocolDefinition
from trials.protocol.observations import Amendment
from trials.protocol.problems import Problem, meant


def amendment_problems(
    old: ProtocolDefinition,
    new: ProtocolDefinition,
    *,
    earlier_codes: Collection[str] = (),
) -> tuple[Problem, ...]:
    """Every reason why `new` may not amend `old`; none where it may.

    `earlier_codes` are the visit codes of all versions before `old`: what was dropped
    is never used again, or two different visits would share a history.
    """
    amendment = new.amendment
    if amendment is None:
        sentence = (
            f"Version {old.version} is in force: say what changes in [amendment]."
        )
        return (Problem(sentence),)
    return (
        *_version_problems(old, new, amendment),
        *_rename_problems(old, new, amendment),
        *_visit_problems(old, new, amendment),
        *_reuse_problems(old, new, earlier_codes),
        *_arm_problems(old, new),
    )


def _version_problems(
    old: ProtocolDefinition, new: ProtocolDefinition, amendment: Amendment
) -> Iterator[Problem]:
    if new.identifier != old.identifier:
        sentence = f"is of {new.identifier}, but the trial is {old.identifier}."
        yield Problem(sentence, "Amendment")
    if amendment.amends != old.version:
        sentence = f"amends version {amendment.amends}, but {old.version} is in force"
        yield Problem(f"{sentence}; start from that one.", "Amendment")
    if new.version == old.version:
        sentence = f"has the version {old.version} of what it amends; give a new one."
        yield Problem(sentence, "Amendment")


def _rename_problems(
    old: ProtocolDefinition, new: ProtocolDefinition, amendment: Amendment
) -> Iterator[Problem]:
    for before, after in amendment.renamed.items():
        if before not in old.visits_by_code:
            near = meant(before, old.visits_by_code)
            sentence = f"renames '{before}', which version {old.version} does not have"
            yield Problem(f"{sentence}.{near}", "Amendment")
        if after not in new.visits_by_code:
            near = meant(after, new.visits_by_code)
            yield Problem(
                f"renames to '{after}', which is no visit.{near}", "Amendment"
            )
        if before in new.visits_by_code:
            sentence = f"renames '{before}', but a visit still uses that code."
            yield Problem(sentence, "Amendment")
        if after in old.visits_by_code:
            sentence = f"renames '{before}' to '{after}', which was another visit."
            yield Problem(sentence, "Amendment")
    names = list(amendment.renamed.values())
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Problem(f"renames two visits to '{name}'.", "Amendment")


def _visit_problems(
    old: ProtocolDefinition, new: ProtocolDefinition, amendment: Amendment
) -> Iterator[Problem]:
    for before in old.visits:
        after = new.visits_by_code.get(amendment.renamed.get(before.code, before.code))
        if after is not None and after.kind is not before.kind:
            sentence = f"was {before.kind.value} and is now {after.kind.value}"
            yield Problem(
                f"{sentence}; give the new visit a code of its own.",
                f"Visit {after.code}",
            )


def _reuse_problems(
    old: ProtocolDefinition, new: ProtocolDefinition, earlier_codes: Collection[str]
) -> Iterator[Problem]:
    dropped = set(earlier_codes) - set(old.visits_by_code)
    for visit in new.visits:
        if visit.code in dropped:
            sentence = "was the code of a visit that an earlier version dropped"
            yield Problem(f"{sentence}; choose another.", f"Visit {visit.code}")


def _arm_problems(
    old: ProtocolDefinition, new: ProtocolDefinition
) -> Iterator[Problem]:
    kept = {arm.code for arm in new.arms}
    for arm in old.arms:
        if arm.code not in kept:
            sentence = "cannot be removed: participants may have been allocated to it."
            yield Problem(sentence, f"Arm {arm.code}")
