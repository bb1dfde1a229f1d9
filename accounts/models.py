"""People who use the system."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class UserManager(BaseUserManager["User"]):
    """Creates people; only `accounts.actions` calls it, inside an action."""

    def create_user(self, username: str, password: str | None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """One person. User names are never given to another person (21 CFR 11.100)."""

    username = models.CharField("user name", max_length=150, unique=True)
    name = models.CharField("printed name", max_length=150)
    email = models.EmailField("email", blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Django would write it at each sign-in, outside any action; the trail has sign-ins.
    last_login = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Disclosure:
        open = {"id", "username", "name", "is_active", "created_at"}
        identifying = {"email", "password"}

    def __str__(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """Nobody has Django's staff right; the oversight site asks the delegation log."""
        return False
