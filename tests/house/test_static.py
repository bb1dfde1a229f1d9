"""What the pages are made of: pinned files of others, nothing inline, and colors that can be read."""

import hashlib
import re
import tomllib
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OWN_STATIC = sorted(
    path
    for folder in ("css", "js", "icons")
    for path in (STATIC / folder).iterdir()
    if path.is_file()
)

PACKAGES = tomllib.loads((VENDOR / "vendored.toml").read_text())["package"]
FILES = [file for package in PACKAGES for file in package["file"]]


def name(path: Path) -> str:
    """Returns the test's id of a file."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["path"])
def test_a_vendored_file_is_the_one_that_was_pinned(file: dict[str, str]) -> None:
    content = (VENDOR / file["path"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert b"sourceMappingURL" not in content


def test_every_file_of_others_is_listed() -> None:
    listed = {(VENDOR / file["path"]).resolve() for file in FILES}
    present = {path for path in VENDOR.rglob("*") if path.is_file()}

    assert present - listed == {VENDOR / "vendored.toml"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_every_package_brings_its_license(package: dict[str, str]) -> None:
    assert package["version"]
    assert package["license"]
    assert (VENDOR / package["license_file"]).stat().st_size > 500


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_has_nothing_that_the_content_security_policy_refuses(
    path: Path,
) -> None:
    text = path.read_text()

    assert not re.search(r"\sstyle\s*=", text), "a style attribute"
    assert not re.search(r"<style\b", text), "a style element"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "an inline script"
    assert not re.search(r"\s(on\w+|hx-on[:\w-]*)\s*=", text), "an inline handler"
    assert "javascript:" not in text


@pytest.mark.parametrize("path", [*TEMPLATES, *OWN_STATIC], ids=name)
def test_a_page_asks_no_other_host_for_anything(path: Path) -> None:
    addresses = re.findall(r"https?://[^\s\"')]+", path.read_text())

    assert set(addresses) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_icon_that_a_template_names_is_in_the_sprite(path: Path) -> None:
    sprite = (STATIC / "icons" / "sprite.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    text = path.read_text()
    named = set(re.findall(r"""{% icon ["']([^"']+)["'] %}""", text))

    assert named <= drawn


# Pairs of text and background that the pages use, and what WCAG 2.2 asks of them.
TEXTS = ("text", "muted", "accent", "accent-strong")
TONES = ("good", "due", "late", "stop", "sealed")
GROUNDS = ("page", "surface", "sunken")
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)",
        (STATIC / "css" / "tokens.css").read_text(),
    )
}


def channels(color: str) -> tuple[float, float, float]:
    """Returns red, green and blue from 0 to 1."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def luminance(rgb: tuple[float, float, float]) -> float:
    """Returns the relative luminance of WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> float:
    """Returns the contrast ratio of WCAG 2.2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(color: str, ground: str, share: float) -> tuple[float, float, float]:
    """Returns the color that color-mix makes of both in sRGB."""
    pairs = zip(channels(color), channels(ground), strict=True)
    red, green, blue = (share * c + (1 - share) * g for c, g in pairs)
    return red, green, blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), list(product(TEXTS, GROUNDS)))
def test_text_can_be_read_on_every_background(
    text: str, ground: str, theme: int
) -> None:
    pair = channels(TOKENS[text][theme]), channels(TOKENS[ground][theme])

    assert contrast(*pair) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("tone", [*TONES, "muted", "accent"])
def test_a_state_can_be_read_on_its_own_tint(tone: str, theme: int) -> None:
    color, page = TOKENS[tone][theme], TOKENS["page"][theme]

    assert contrast(channels(color), mixed(color, page, 0.08)) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_edge_of_a_control_can_be_seen(theme: int) -> None:
    edge = channels(TOKENS["control"][theme])

    assert contrast(edge, channels(TOKENS["page"][theme])) >= 3
    assert contrast(edge, channels(TOKENS["surface"][theme])) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("button", ["accent", "accent-strong"])
def test_the_word_on_a_primary_button_can_be_read(button: str, theme: int) -> None:
    pair = channels(TOKENS["on-accent"][theme]), channels(TOKENS[button][theme])

    assert contrast(*pair) >= 4.5
