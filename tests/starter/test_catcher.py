"""The mail catcher keeps each mail as a file and confirms only what it has kept."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from starter import services
from starter.catcher import keep
from starter.environment import Place


@pytest.fixture
def server(place: Place) -> Iterator[smtplib.SMTP]:
    with services.used(place) as addresses:
        address = urlsplit(addresses["EMAIL_URL"])
        with smtplib.SMTP(address.hostname or "", address.port or 0) as client:
            yield client


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Your appointment"
    message["From"] = "clinic@example.org"
    message["To"] = "Zoë <zoe@example.org>"
    message.set_content("Tomorrow at 10:00.\n.\nRégards\n")
    return message


@pytest.mark.services
@pytest.mark.slow
def test_a_mail_sent_over_smtp_is_kept_as_a_file(
    server: smtplib.SMTP, place: Place
) -> None:
    server.send_message(mail(), to_addrs=["zoe@example.org", "b@example.org"])
    (path,) = place.mail.iterdir()
    assert path.name.endswith(".eml")
    assert "zoe@example.org" in path.name
    kept = message_from_bytes(path.read_bytes(), policy=default)
    assert kept["Subject"] == "Your appointment"
    assert kept["X-Envelope-To"] == "zoe@example.org, b@example.org"
    assert isinstance(kept, EmailMessage)
    words = ["Tomorrow at 10:00.", ".", "Régards"]
    assert kept.get_content().splitlines() == words


@pytest.mark.services
@pytest.mark.slow
def test_a_mail_that_cannot_be_kept_is_not_confirmed(
    server: smtplib.SMTP, place: Place
) -> None:
    place.mail.rmdir()
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        server.send_message(mail())
    assert refusal.value.smtp_code == 451


def test_a_recipient_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    path = keep(folder, "../../x\0y@example.org", b"hello")
    assert path.parent == folder
    assert [one.name for one in tmp_path.iterdir()] == ["mail"]
    assert path.read_bytes() == b"hello"
