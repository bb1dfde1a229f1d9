"""The command that an administrator runs prints every role and no password."""

from io import StringIO

from django.core.management import call_command


def test_the_command_prints_every_role_and_no_password() -> None:
    out = StringIO()
    call_command("database_roles", stdout=out)
    text = out.getvalue()
    for role in (
        "owner",
        "web",
        "worker",
        "audit",
        "unblinded",
        "identity",
        "export",
        "backup",
    ):
        assert f"CREATE ROLE candor_{role}" in text
    assert "PASSWORD" not in text
    assert "SUPERUSER" not in text.replace("NOSUPERUSER", "")
