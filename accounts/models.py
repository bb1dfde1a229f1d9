"""People who use the system, and the requests of theirs that were answered."""

from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now


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

    def check_password(self, raw_password: str | None) -> bool:
        """Compare and nothing else: Django would renew an old hash outside any act."""
        return check_password(raw_password, self.password)

    @property
    def is_staff(self) -> bool:
        """Nobody has Django's staff right; the oversight site asks the delegation log."""
        return False


class AnsweredRequest(models.Model):
    """A form that was sent and acted on, and its answer: sent again, it changes nothing.

    Only for as long as somebody could send it again; the acts themselves are on the
    trail. `content` is a keyed digest of what was typed, `messages` what was said.
    """

    key = models.UUIDField(unique=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    path = models.TextField()
    content = models.CharField(max_length=64)
    location = models.TextField()
    messages = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Disclosure:
        open = {"id", "key", "user", "path", "content", "location", "messages", "at"}

    class Meta:
        indexes = [models.Index(fields=["at"], name="answered_request_at")]

    def __str__(self) -> str:
        return f"{self.path} by {self.user_id}"
