"""How the passwords of a demonstration are hashed; everywhere else Django's Argon2 is."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class DemonstrationHasher(Argon2PasswordHasher):
    """Argon2 at the least it costs: the one password of a demonstration is printed.

    At its full price a fifth of a second goes into each of its seventy signatures.
    """

    time_cost = 1
    memory_cost = 1024  # KiB
    parallelism = 1
