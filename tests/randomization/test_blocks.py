"""Allocation lists: balanced, reproducible by anybody with the seed, and checkable."""

import hashlib
import hmac
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.refusal import Refused
from randomization.blocks import (
    ListEntry,
    check_list,
    is_kit_number,
    kit_numbers,
    list_digest,
    list_text,
    make_list,
    read_list,
)

SEED = bytes(range(32))
ARMS = {"a": 1, "b": 1}
STRATA = ("01", "02")

seeds = st.binary(min_size=16, max_size=48)
plans = st.sampled_from(
    [
        ({"a": 1, "b": 1}, (2, 4)),
        ({"a": 1, "b": 1}, (4, 6)),
        ({"low": 1, "medium": 1, "full": 2}, (4, 8)),
        ({"active": 2, "comparator": 1}, (3,)),
    ]
)


def made(**changes: object) -> list[ListEntry]:
    """A plain list, but for the changes."""
    plan: dict[str, object] = {
        "arms": ARMS,
        "block_sizes": (2, 4),
        "strata": STRATA,
        "length": 20,
        "seed": SEED,
    }
    return make_list(**{**plan, **changes})  # type: ignore[arg-type]  # one plan of many types


def problems(entries: list[ListEntry]) -> tuple[str, ...]:
    """What is wrong with a list made by the plain plan."""
    return check_list(entries, arms=ARMS, block_sizes=(2, 4), strata=STRATA, length=20)


@settings(max_examples=60)
@given(plans, seeds, st.integers(1, 60))
def test_a_list_that_was_made_passes_the_check(
    plan: tuple[dict[str, int], tuple[int, ...]], seed: bytes, length: int
) -> None:
    arms, sizes = plan
    entries = make_list(
        arms=arms, block_sizes=sizes, strata=STRATA, length=length, seed=seed
    )
    assert (
        check_list(entries, arms=arms, block_sizes=sizes, strata=STRATA, length=length)
        == ()
    )


@settings(max_examples=60)
@given(plans, seeds, st.integers(1, 60))
def test_no_arm_gets_ahead_by_more_than_a_block(
    plan: tuple[dict[str, int], tuple[int, ...]], seed: bytes, length: int
) -> None:
    arms, sizes = plan
    entries = make_list(
        arms=arms, block_sizes=sizes, strata=("s",), length=length, seed=seed
    )
    assert length <= len(entries) < length + max(sizes)
    total = sum(arms.values())
    counts: Counter[str] = Counter()
    for place, entry in enumerate(entries, 1):
        counts[entry.arm] += 1
        for arm, ratio in arms.items():
            expected = place * ratio / total
            assert abs(counts[arm] - expected) <= max(sizes) * ratio / total
    assert all(
        counts[arm] * total == ratio * len(entries) for arm, ratio in arms.items()
    )


@given(seeds)
def test_the_same_seed_gives_the_same_list_whatever_the_order_of_strata_and_arms(
    seed: bytes,
) -> None:
    first = made(seed=seed)
    again = made(
        seed=seed,
        strata=tuple(reversed(STRATA)),
        arms={"b": 1, "a": 1},
        block_sizes=[4, 2],
    )
    assert list_digest(first) == list_digest(again)


def test_another_seed_gives_another_list_and_strata_differ() -> None:
    first, other = made(), made(seed=bytes(32))
    assert list_digest(first) != list_digest(other)
    arms = {
        stratum: [entry.arm for entry in first if entry.stratum == stratum][:20]
        for stratum in STRATA
    }
    assert arms["01"] != arms["02"]


def stream(seed: bytes, purpose: bytes) -> Iterator[int]:
    """The bytes of the method's description, written without the module."""
    count = 0
    while True:
        digest = hmac.new(
            seed, purpose + b"\x00" + count.to_bytes(8, "big"), hashlib.sha256
        ).digest()
        yield from (int(digest[i : i + 4].hex(), 16) for i in range(0, 32, 4))
        count += 1


def by_the_description(seed: bytes, stratum: str, length: int) -> list[str]:
    """Arms of one stratum by the published method, for a:b = 1:1 and sizes 2 and 4."""
    numbers = stream(seed, b"allocation-list/1/" + stratum.encode())

    def draw(bound: int) -> int:
        while True:
            number = next(numbers)
            if number < (2**32 // bound) * bound:
                return number % bound

    arms: list[str] = []
    while len(arms) < length:
        block = ["a", "b"] if draw(2) == 0 else ["a", "a", "b", "b"]
        for last in reversed(range(1, len(block))):
            chosen = draw(last + 1)
            block[last], block[chosen] = block[chosen], block[last]
        arms += block
    return arms


@given(seeds)
def test_somebody_with_only_the_description_and_the_seed_gets_the_same_list(
    seed: bytes,
) -> None:
    listed = made(seed=seed, length=37)
    for stratum in STRATA:
        arms = [entry.arm for entry in listed if entry.stratum == stratum]
        assert arms == by_the_description(seed, stratum, 37)


def test_the_method_does_not_change_between_releases() -> None:
    assert (
        list_digest(made())
        == "dddd7c00d13046f9ed8c191b9c62f760bb542ef84aef3b15cecb54c56937aee5"
    )


def test_block_sizes_and_arms_are_drawn_evenly() -> None:
    entries = make_list(
        arms=ARMS, block_sizes=(4,), strata=("s",), length=24_000, seed=SEED
    )
    arms = [entry.arm for entry in entries]
    blocks = Counter("".join(arms[at : at + 4]) for at in range(0, 24_000, 4))
    assert len(blocks) == 6
    # 6,000 blocks of six equally likely kinds: 1,000 each, SD 29.
    assert all(abs(count - 1000) < 150 for count in blocks.values())


def test_a_list_survives_its_text() -> None:
    entries = made(strata=("01, north", 'the "other"'))
    assert read_list(list_text(entries)) == sorted(
        entries, key=lambda entry: (entry.stratum, entry.position)
    )


def test_a_gap_a_swap_a_foreign_arm_and_a_short_list_are_found_without_an_arm() -> None:
    entries = made()
    gap = [entry for entry in entries if entry != entries[3]]
    foreign = [replace(entries[0], arm="secret"), *entries[1:]]
    short = [entry for entry in entries if entry.position <= 6]
    stranger = [*entries, ListEntry("99", 1, "a")]
    repeated = [*entries, entries[0]]
    said = [problems(each) for each in (gap, foreign, short, stranger, repeated)]
    assert "do not run from 1" in said[0][0]
    assert "position 1 names an arm that the trial has not" in said[1][0]
    assert "of the 20 places needed" in said[2][0]
    assert said[3] == ("Stratum 99 is not one of the trial's.",)
    assert "do not run from 1" in said[4][0]
    assert "secret" not in str(said)


def test_a_changed_arm_is_found() -> None:
    entries = made()
    for place, entry in enumerate(entries):
        other = "b" if entry.arm == "a" else "a"
        changed = [*entries]
        changed[place] = replace(entry, arm=other)
        assert problems(changed) == (
            (
                f"Stratum {entry.stratum}: it cannot be cut into balanced blocks of the "
                "planned sizes."
            ),
        )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"block_sizes": (3,)}, "block of 3 cannot hold the ratio 1:1"),
        ({"block_sizes": ()}, "at least one block size"),
        ({"arms": {"a": 1}}, "two arms or more"),
        ({"arms": {"a": 1, "b": 0}}, "two arms or more"),
        ({"strata": ()}, "needs strata"),
        ({"strata": ("01", "01")}, "each named once"),
        ({"length": 0}, "at least one place"),
        ({"seed": bytes(15)}, "at least 128 bits"),
    ],
)
def test_a_plan_that_makes_no_list_is_refused(
    changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        made(**changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stratum,arm\n",
        "stratum,position,arm\n01,first,secret\n",
        "stratum,position,arm\n01,1\n",
        "stratum,position,arm\n01,1,\n",
        "stratum,position,arm\n01,²,secret\n",
    ],
)
def test_a_file_that_is_no_list_is_refused_without_an_arm(text: str) -> None:
    with pytest.raises(Refused, match=r"(?i)line") as refused:
        read_list(text)
    assert "secret" not in str(refused.value)


@settings(max_examples=30)
@given(seeds, st.integers(0, 400))
def test_kit_numbers_are_unique_and_carry_a_check_digit(
    seed: bytes, count: int
) -> None:
    kits = kit_numbers(seed, count)
    assert len(set(kits)) == count
    assert all(is_kit_number(kit) for kit in kits)


def test_kit_numbers_say_nothing_of_their_order() -> None:
    kits = [int(kit[:6]) for kit in kit_numbers(SEED, 2000)]
    rises = sum(earlier < later for earlier, later in itertools.pairwise(kits))
    # About half of the neighbors rise, SD 13.
    assert abs(rises - 1000) < 65
    assert kit_numbers(SEED, 50) == kit_numbers(SEED, 2000)[:50]


def test_kits_of_one_session_are_spread_over_all_numbers() -> None:
    kits = [int(kit[:6]) for kit in kit_numbers(SEED, 4000)]
    initial, supplement = kits[0::2], kits[1::2]
    for drawn in (initial, supplement):
        mean = sum(drawn) / len(drawn)
        # Uniform on 100,000 to 999,999: mean 550,000, its SD 5,800.
        assert abs(mean - 550_000) < 29_000


@given(st.integers(0, 5), st.integers(0, 9))
def test_a_mistyped_kit_number_is_found(place: int, digit: int) -> None:
    kit = kit_numbers(SEED, 1)[0]
    wrong = f"{kit[:place]}{digit}{kit[place + 1 :]}"
    assert is_kit_number(wrong) is (wrong == kit)


@pytest.mark.parametrize("text", ["", "123456", "1234567", "12345-67", "²²²²²²-²"])
def test_other_text_is_no_kit_number(text: str) -> None:
    assert not is_kit_number(text)


def test_too_many_kits_are_refused() -> None:
    with pytest.raises(Refused, match="at most"):
        kit_numbers(SEED, 200_001)
