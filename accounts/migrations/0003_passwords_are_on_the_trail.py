"""A password changes in an act, as everything does; its values are never shown.

As an ignored column anybody who ran SQL as the web's role could set a person's password
without a trace, and then sign in, and sign, as that person.
"""

from django.db import migrations

from audit.operations import audited, audited_anew

_NOWHERE = {"trial": "", "site": "", "participant": ""}
_REASON = ("username", "name", "is_active")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_answered_requests")]

    operations = [
        audited_anew(
            audited("accounts_user", reason=_REASON, ignored=("password",), **_NOWHERE),
            audited("accounts_user", reason=_REASON, masked=("password",), **_NOWHERE),
        ),
    ]
