"""What the lint expects of a definition, each expectation tested in both directions."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.trials.definitions import changed, without
from trials.protocol import Provenance, parse
from trials.protocol.expectations import expectations, waivable
from trials.protocol.lint import CHECKS, Finding, lint

CLEAN_FILE = Path(__file__).with_name("clean.toml")
CLEAN = CLEAN_FILE.read_text("utf-8")
SHIPPED = Path(__file__).parents[2] / "trials/protocols"

EFFECTS = 'times = ["before dose", "1 h", "before supplement", "6 h"]'
VITALS = '"-15 min", "1 h", "before supplement", "3 h", "6 h", "8 h"'
GUESSED = 'form = "treatment_guess"\n'
AT_DOSING = 'at = ["every dosing"]'


def edited(*edits: tuple[str, str]) -> str:
    return changed(*edits, base=CLEAN)


# What is taken away, and every expectation that is then unmet.
GAPS: dict[str, tuple[str, set[str]]] = {
    "no list of effects": (without("[acute_effects]", CLEAN), {"F1.record"}),
    "effects not before the dose": (
        edited((EFFECTS, EFFECTS.replace('"before dose", ', ""))),
        {"F1.before_dose"},
    ),
    "effects not before the supplement": (
        edited((EFFECTS, EFFECTS.replace('"before supplement", ', ""))),
        {"F1.before_supplement"},
    ),
    "effects not late": (
        edited((EFFECTS, EFFECTS.replace('"6 h"', '"3 h"'))),
        {"F1.late"},
    ),
    "no signal of abuse": (
        edited((", abuse_signal = true", "")),
        {"F1.abuse_signals"},
    ),
    "participant guesses nothing": (
        without(f'{GUESSED}by = ["participant"]', CLEAN),
        {"F2.guess_at_dosing"},
    ),
    "participant guesses once": (
        edited(
            (
                f'{GUESSED}by = ["participant"]\n{AT_DOSING}',
                f'{GUESSED}by = ["participant"]\nat = ["dosing_1"]',
            )
        ),
        {"F2.guess_at_dosing"},
    ),
    "assessor guesses after the outcome": (
        edited(('at = ["endpoint"]\nbefore = ["caps5"]', 'at = ["endpoint"]')),
        {"F2.guess_before_outcome"},
    ),
    "therapists complete the primary form": (
        edited(
            (
                'by = ["independent_assessor"]\nat = ["baseline"',
                'by = ["independent_assessor", "therapist"]\nat = ["baseline"',
            )
        ),
        {"F2.assessor_alone"},
    ),
    "primary form shown to the site": (
        edited(("hidden_from_site = true\n", "")),
        {"F2.hidden"},
    ),
    "assessor told at unblinding": (
        edited(('stays_blind = ["independent_assessor"]\n', "")),
        {"F2.stays_blind"},
    ),
    "no gate for the laboratory": (
        without('[[gates]]\nform = "laboratory"', CLEAN),
        {"F3.chemistry_before"},
    ),
    "an old laboratory passes the gate": (
        edited(
            (
                'form = "laboratory"\nbefore = ["every dosing"]\nwithin = "7 days"',
                'form = "laboratory"\nbefore = ["every dosing"]\nwithin = "8 days"',
            )
        ),
        {"F3.chemistry_before"},
    ),
    "nobody reviews the laboratory": (
        edited(
            (
                'form = "laboratory"\nbefore = ["every dosing"]\n',
                'form = "laboratory"\nbefore = ["every dosing"]\nreviewed = false\n',
            )
        ),
        {"F3.chemistry_before"},
    ),
    "no gate for the ECG": (
        without('[[gates]]\nform = "ecg"', CLEAN),
        {"F3.ecg_before"},
    ),
    "no gate for the pregnancy test": (
        without('[[gates]]\nform = "pregnancy_test"', CLEAN),
        {"F3.pregnancy_before"},
    ),
    "no laboratory in the first days": (
        edited(('"before_{n}", "after_{n}", "week_{n}"', '"before_{n}", "week_{n}"')),
        {"F3.chemistry_soon_after"},
    ),
    "no laboratory after a week": (
        edited(('"before_{n}", "after_{n}", "week_{n}"', '"before_{n}", "after_{n}"')),
        {"F3.chemistry_week_after"},
    ),
    "a laboratory too late": (
        edited(('target = "7 days", latest = "9 days"', 'latest = "12 days"')),
        {"F3.chemistry_week_after"},
    ),
    "no ECG after the dose": (
        edited(('times = ["before dose", "3 h"]', 'times = ["before dose"]')),
        {"F3.ecg_after"},
    ),
    "no fluid intake": (without('form = "fluid_intake"', CLEAN), {"F3.fluid_intake"}),
    "few vital signs": (
        edited((VITALS, VITALS.replace('"3 h", ', ""))),
        {"F4.often"},
    ),
    "vital signs end early": (
        edited((VITALS, VITALS.replace('"8 h"', '"7 h"'))),
        {"F4.long"},
    ),
    "no limit blocks": (
        edited(('then = ["block_supplement"]', 'then = ["recheck"]')),
        {"F4.blocks"},
    ),
    "no readiness for discharge": (
        without('form = "discharge_readiness"', CLEAN),
        {"F5.discharge"},
    ),
    "a short stay": (edited(('stay = "8 h"', 'stay = "7 h"')), {"F5.stay"}),
    "no stay": (edited(('stay = "8 h"\n', "")), {"F5.stay"}),
    "calls after one session": (
        edited(
            (
                'follows_each = ["dosing_1", "dosing_2"]\non_days = [2, 4]',
                'follows_each = ["dosing_1"]\non_days = [2, 4]',
            )
        ),
        {"F5.calls", "F7.boundary"},
    ),
    "no suicidality at follow-up": (
        edited(('"every integration", "every follow_up",', '"every integration",')),
        {"F6.suicidality"},
    ),
    "no diary": (without('form = "diary"', CLEAN), {"F6.diary"}),
    "the therapist keeps the diary": (
        edited(
            (
                'form = "diary"\nby = ["participant"]',
                'form = "diary"\nby = ["participant", "therapist"]',
            )
        ),
        {"F6.diary"},
    ),
    "one person present": (
        edited(("people_present = 2", "people_present = 1")),
        {"F7.people_present"},
    ),
    "no boundary question": (
        without('form = "boundary_check"', CLEAN),
        {"F7.boundary"},
    ),
    "nothing after six months": (
        edited(('"5 months", target = "6 months"', '"7 months", target = "7 months"')),
        {"F8.month_6"},
    ),
    "nothing after twelve months": (
        edited(('target = "12 months", latest = "14 months"', 'latest = "11 months"')),
        {"F8.month_12"},
    ),
    "another form at follow-up": (
        edited(('"baseline", "endpoint", "every follow_up"', '"baseline", "endpoint"')),
        {"F8.month_6", "F8.month_12"},
    ),
    "a window without a limit": (
        edited(('latest = "14 months"', 'latest = "no limit"')),
        {"F8.month_12", "F8.closed"},
    ),
    "expectation asked too late": (
        edited(('at = ["prep_1"]', 'at = ["dosing_1"]')),
        {"F9.expectancy"},
    ),
    "earlier use not frozen": (
        edited(('frozen_by = "randomization"\n', "")),
        {"F9.prior_use"},
    ),
    "use not asked": (without('form = "substance_use"', CLEAN), {"F10.use_since"}),
    "adherence not rated": (without('form = "adherence"', CLEAN), {"F11.adherence"}),
    "a class without washout": (
        without('[[washouts]]\ncode = "snri"', CLEAN),
        {"F12.classes"},
    ),
    "no gate for washouts": (
        without('[[gates]]\ncode = "washouts"', CLEAN),
        {"F12.gate"},
    ),
    "a gate for one washout": (
        edited(("washouts_over = true", 'washouts_over = ["ssri"]')),
        {"F12.gate"},
    ),
    "events for six days": (
        edited(('lasting = "7 days"', 'lasting = "6 days"')),
        {"F13.all_events"},
    ),
    "serious events to the endpoint": (
        edited(('to = "termination"', 'to = "endpoint"')),
        {"F13.serious_events"},
    ),
    "integration not recorded": (
        edited(
            (
                '"every preparatory", "every dosing", "every integration"]',
                '"every preparatory", "every dosing"]',
            )
        ),
        {"F14.recording"},
    ),
    "a rule without a source": (
        CLEAN[: CLEAN.rindex("source =")],
        {"F14.sources"},
    ),
}


def codes_found(text: str) -> set[str]:
    return {finding.expectation.code for finding in lint(parse(text))}


def test_a_definition_without_gaps_has_no_finding() -> None:
    assert lint(parse(CLEAN)) == ()


@pytest.mark.parametrize("gap", GAPS)
def test_each_gap_is_found_and_nothing_else(gap: str) -> None:
    text, expected = GAPS[gap]
    assert codes_found(text) == expected


def test_every_expectation_can_be_unmet() -> None:
    found = set().union(*(expected for _, expected in GAPS.values()))
    assert found == set(expectations())
    assert set(CHECKS) == set(expectations())


def test_every_expectation_and_limit_says_where_it_comes_from() -> None:
    for expectation in expectations().values():
        assert expectation.sentence.endswith(".")
        assert expectation.source.cite
        for parameter in expectation.parameters.values():
            assert parameter.source.cite
    groups = {expectation.group for expectation in expectations().values()}
    assert groups == {f"F{n}" for n in range(1, 15)}


def published(name: str) -> tuple[Finding, ...]:
    return lint(parse((SHIPPED / name).read_text("utf-8")))


def test_the_gaps_that_were_held_against_the_published_trial_are_found() -> None:
    found = {finding.expectation.code for finding in published("mapp2.toml")}
    assert {
        "F1.record",
        "F2.guess_before_outcome",
        "F3.chemistry_before",
        "F3.ecg_before",
        "F3.chemistry_soon_after",
        "F3.chemistry_week_after",
        "F3.ecg_after",
        "F4.often",
        "F8.month_6",
        "F8.month_12",
        "F9.prior_use",
    } <= found
    # What the published trial had is not held against it.
    assert not found & {"F2.hidden", "F2.stays_blind", "F5.calls", "F6.suicidality"}


def test_a_follow_up_without_limit_is_found_in_the_long_term_study() -> None:
    found = {finding.expectation.group for finding in published("mplong.toml")}
    assert found == {"F8", "F10", "F14"}


def test_a_finding_names_the_visits_concerned_and_what_is_only_postponed() -> None:
    by_code = {x.expectation.code: x for x in published("mapp2.toml")}
    finding = by_code["F3.ecg_before"]
    assert finding.visits == ("dosing_1", "dosing_2", "dosing_3")
    assert finding.sentence == (
        "No ECG within 7 days is required before dosing_1, dosing_2 and dosing_3. "
        "Not scheduled yet: ECG and rhythm strip at screening: form not built."
    )
    recording = by_code["F14.recording"]
    assert len(recording.visits) == 15
    assert "prep_1, prep_2, prep_3 and 12 others" in recording.sentence


WAIVER = '\n[[waivers]]\nexpectation = "{code}"\nreason = "Asked in a substudy."\nsource = "design"\n'


@pytest.mark.parametrize("code", ["F4", "F4.often"])
def test_a_waiver_keeps_the_finding_and_says_why(code: str) -> None:
    text, _ = GAPS["few vital signs"]
    (finding,) = lint(parse(text + WAIVER.format(code=code)))
    assert finding.waiver is not None
    assert str(finding).endswith("Waived: Asked in a substudy.")


def test_a_waiver_of_another_expectation_waives_nothing() -> None:
    text, _ = GAPS["few vital signs"]
    (finding,) = lint(parse(text + WAIVER.format(code="F4.long")))
    assert finding.waiver is None


def test_a_waiver_may_name_a_group_or_a_single_expectation() -> None:
    assert "F3" in waivable()
    assert "F3.ecg_before" in waivable()


def test_limits_are_data_with_a_provenance() -> None:
    within = expectations()["F3.chemistry_before"].parameters["within"]
    assert within.value == "7 days"
    assert within.source.provenance is Provenance.DERIVED


def lint_command(file: Path) -> str:
    out = StringIO()
    call_command("lint_protocol", str(file), stdout=out)
    return out.getvalue()


def test_the_command_is_content_with_a_definition_without_gaps() -> None:
    assert "every expectation is met; 0 waived" in lint_command(CLEAN_FILE)


def test_the_command_fails_and_prints_each_finding_with_its_source() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=r"mapp2\.toml: \d+ expectations unmet"):
        call_command("lint_protocol", str(SHIPPED / "mapp2.toml"), stdout=out)
    assert "F1.record: No list of effects is asked at any session." in out.getvalue()
    assert "FDA complete response letter" in out.getvalue()


def test_the_command_takes_a_waiver_for_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "waived.toml"
    text, _ = GAPS["few vital signs"]
    file.write_text(text + WAIVER.format(code="F4"), encoding="utf-8")
    assert "every expectation is met; 1 waived" in lint_command(file)


def test_the_command_tells_mistakes_of_the_file_instead(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(edited(('kind = "call"', 'kind = "cal"')), encoding="utf-8")
    with pytest.raises(CommandError, match="Did you mean call"):
        lint_command(file)
    with pytest.raises(CommandError, match="cannot be read"):
        lint_command(tmp_path / "absent.toml")
