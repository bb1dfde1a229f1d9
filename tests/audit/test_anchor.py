"""Anchors: one a day, signed, mailed once, and never without the key."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.actions import NewUser, create_users
from accounts.models import User
from accounts.vocabulary import Role
from audit import anchoring
from audit.anchoring import NoKey, anchor_trial
from audit.models import Action, Anchor, AnchorMail
from audit.seeing import seeing
from audit.sshsig import public_line, read_key, sign
from audit.trail import acting
from audit.verifier.verify_trail import Anchor as Read
from audit.verifier.verify_trail import BadEntry, check_signature, merkle_root
from reminders import tasks
from reminders.actions.anchors import anchor_message
from starter.keys import new_key_pair
from tests.audit.conftest import CHECK
from tests.world import LONG_AGO, PASSWORD, SETUP, World, new_world
from trials.actions import NewDelegation, delegate

pytestmark = pytest.mark.requirement("AUD-09")


@pytest.fixture
def world(db: None, key: Path) -> World:
    return new_world()


@pytest.fixture
def contact(world: World) -> User:
    new = NewUser("irb", "IRB contact", "irb@irb.invalid", PASSWORD)
    (user,) = create_users(people=[new], by=SETUP)
    lines = [NewDelegation(user, Role.IRB_CONTACT, LONG_AGO, None)]
    delegate(trial=world.trial, delegations=lines, by=SETUP)
    return user


def made(world: World) -> Anchor | None:
    return anchor_trial(
        trial_id=world.trial.pk, identifier=world.trial.identifier, by=CHECK
    )


def test_an_anchor_names_every_head_of_its_trial(world: World) -> None:
    anchor = made(world)
    assert anchor is not None
    chains = {chain for chain, _, _ in Read(anchor.text).points()}
    sites = {f"site:{world.site.pk}", f"site:{world.elsewhere.pk}"}
    assert chains >= {"system", f"trial:{world.trial.pk}", *sites}


def test_an_anchor_does_not_name_another_trials_chains(world: World) -> None:
    other = new_world("TEST-2")
    anchor = made(world)
    assert anchor is not None
    chains = {chain for chain, _, _ in Read(anchor.text).points()}
    assert not chains & {f"trial:{other.trial.pk}", f"site:{other.site.pk}"}


def test_there_is_one_anchor_a_day(world: World) -> None:
    assert made(world) is not None
    assert made(world) is None
    assert Anchor.objects.count() == 1


def recorded(world: World, previous: str) -> int | None:
    with acting("anchor trail", by=CHECK), connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit.record_anchor(%s, %s, 'text', 'signature')",
            [world.trial.pk, previous],
        )
        found: int | None = cursor.fetchone()[0]
        return found


def test_an_anchor_follows_the_last_one_and_never_forks(world: World) -> None:
    first = made(world)
    assert first is not None
    assert Read(first.text).previous == "-"
    assert recorded(world, "") is None
    assert recorded(world, first.sha256) is not None
    assert recorded(world, first.sha256) is None


def test_an_anchor_outside_an_act_is_refused(world: World) -> None:
    with (
        pytest.raises(DatabaseError, match="outside an action"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT audit.record_anchor(%s, '', '', '')", [world.trial.pk])


def test_the_signature_is_good_for_ssh_keygen(
    world: World, key: Path, tmp_path: Path
) -> None:
    anchor = made(world)
    assert anchor is not None
    kind, public = key.read_text().split()[:2]
    (tmp_path / "signers").write_text(f"candor-anchor {kind} {public}\n")
    (tmp_path / "sig").write_text(anchor.signature)
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers")]
    command += ["-I", "candor-anchor", "-n", "candor-anchor", "-s"]
    done = subprocess.run(
        [*command, str(tmp_path / "sig")], input=anchor.text.encode(), check=False
    )
    assert done.returncode == 0


def test_another_keys_signature_is_refused() -> None:
    mine, other = (read_key(new_key_pair()[0]) for _ in range(2))
    signature = sign("text\n", key=mine, namespace="candor-anchor")
    assert check_signature("text\n", signature, public_line(mine))
    with pytest.raises(BadEntry, match="not made by this key"):
        check_signature("text\n", signature, public_line(other))
    with pytest.raises(BadEntry, match="not made by this key"):
        check_signature("texT\n", signature, public_line(mine))
    elsewhere = sign("text\n", key=mine, namespace="git")
    with pytest.raises(BadEntry, match="not made by this key"):
        check_signature("text\n", elsewhere, public_line(mine))


def test_without_a_key_there_is_no_anchor(world: World, settings: object) -> None:
    settings.ANCHOR_KEY = ""  # type: ignore[attr-defined] # pytest-django's fixture
    with pytest.raises(NoKey, match="ANCHOR_KEY_FILE"):
        made(world)
    assert not Anchor.objects.exists()


def test_the_anchor_is_on_the_trail(world: World) -> None:
    anchor = made(world)
    assert anchor is not None
    with seeing(CHECK):
        act = Action.objects.get(pk=anchor.action_id)
    assert (act.verb, act.trial_id) == ("anchor trail", world.trial.pk)
    assert act.details["root"] == Read(anchor.text).root


# RFC 6962's tree, by hand from its definition in section 2.1.
def test_the_root_is_the_tree_hash_of_rfc_6962() -> None:
    from hashlib import sha256  # noqa: PLC0415

    a, b, c = (sha256(b"\0" + leaf).digest() for leaf in (b"a", b"b", b"c"))
    ab = sha256(b"\1" + a + b).digest()
    assert merkle_root([b"a", b"b", b"c"]) == sha256(b"\1" + ab + c).digest()
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle_root([]).hex() == empty


def test_investigators_and_irb_contacts_get_each_anchor_once(
    world: World, contact: User
) -> None:
    assert tasks.anchor() == 1
    mails = anchors_sent()
    keepers = [world.user(Role.INVESTIGATOR), contact]
    keepers += [world.user(Role.INVESTIGATOR, second=True)]
    keepers += [world.user(Role.INVESTIGATOR, elsewhere=True)]
    assert {one.to[0] for one in mails} == {user.email for user in keepers}
    assert len(mails) == len(keepers)
    assert tasks.anchor() == 0
    for keeper in keepers:
        assert tasks.mail_anchor(Anchor.objects.get().pk, keeper.pk) == "taken"
    assert len(anchors_sent()) == len(keepers)


def anchors_sent() -> list[mail.EmailMessage]:
    """Run the tasks that were queued (as the worker would), and return all mails."""
    from reminders.actions.anchors import anchors_to_mail  # noqa: PLC0415

    for pair in anchors_to_mail(now=timezone.now(), by=CHECK):
        assert tasks.mail_anchor(*pair) == "sent"
    return mail.outbox


def test_both_files_are_attached_octet_by_octet(world: World, contact: User) -> None:
    tasks.anchor()
    anchor = Anchor.objects.get()
    (text, signature) = anchors_sent()[0].attachments
    assert text[1] == anchor.text.encode()
    assert signature[1] == anchor.signature.encode()
    assert signature[0] == f"{text[0]}.sig"


def test_the_words_name_no_drug_and_no_diagnosis() -> None:
    words = anchor_message(at=timezone.now())
    said = f"{words.subject} {words.body}".lower()
    telling = ("mdma", "ptsd", "drug", "dose", "placebo", "trauma", "psych", "arm ")
    assert [word for word in telling if word in said] == []


def test_a_mail_that_failed_is_tried_again_but_not_for_ever(
    world: World, contact: User
) -> None:
    tasks.anchor()
    anchor = Anchor.objects.get()
    lease = timedelta(minutes=15)
    for attempt in range(4):
        claimed = anchoring.claim_mail(
            anchor_id=anchor.pk, user_id=contact.pk, lease=lease, attempts=3, by=CHECK
        )
        assert claimed == (attempt < 3)
        if claimed:
            anchoring.settle_mail(
                anchor=anchor, user_id=contact.pk, error="refused", by=CHECK
            )
    assert AnchorMail.objects.get().sent_at is None
    with seeing(CHECK):
        assert Action.objects.filter(verb="fail to mail anchor").count() == 3
