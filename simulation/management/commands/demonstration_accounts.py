"""`manage.py demonstration_accounts`: who can be signed in as, one line for each role."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.vocabulary import ROLES, Role
from simulation.driver import PASSWORD
from simulation.driver.setting_up import shown_accounts
from simulation.driver.tokens import kept_token, token_file


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
        if token := kept_token():
            lines.append(f"  Sponsor's API token: {token}")
        else:
            lines.append(
                f"  The sponsor's API token will be in {token_file()} once the "
                "demonstration is complete."
            )
        self.stdout.write("\n".join(lines))
