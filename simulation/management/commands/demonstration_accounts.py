"""`manage.py demonstration_accounts`: who can be signed in as, one line for each role."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from accounts.vocabulary import ROLES, Role
from simulation.driver import IDENTIFIER, PASSWORD
from simulation.driver.setting_up import shown_accounts
from simulation.driver.tokens import is_issued, kept_token, token_file

PATIENCE = 15  # seconds


class Command(BaseCommand):
    """Print the demonstration's accounts, whether or not it is complete yet."""

    help = "Print one account for each role of the demonstration."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print role, user name and password, and where the sponsor's token is."""
        lines = [
            "Everything here is synthetic. The first page signs you in with one click;",
            "by hand it is these user names, all with the same password:",
        ]
        accounts = shown_accounts()
        width = max(len(ROLES[role].label) for role in accounts)
        lines += [
            f"  {ROLES[role].label:<{width}}  {accounts[role]:<20}  {PASSWORD}"
            for role in Role
            if role in accounts
        ]
        if token := _awaited_token():
            lines.append(f"  Sponsor's API token: {token}")
        else:
            lines.append(
                f"  Sponsor's API token: none in {token_file()}; the data manager issues "
                "one on the export page."
            )
        self.stdout.write("\n".join(lines))


def _awaited_token() -> str:
    """Return the token; at a first start, once the trial is open, which takes seconds."""
    end_of_patience = time.monotonic() + PATIENCE
    while not (token := kept_token()):
        if is_issued(IDENTIFIER) or time.monotonic() > end_of_patience:
            # Issued and committed between the two looks, or issued and lost.
            return kept_token()
        time.sleep(0.2)
    return token
