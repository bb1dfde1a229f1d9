"""What an error page or report may show of a request and of a program's variables."""

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class SilentReporterFilter(SafeExceptionReporterFilter):
    """Shows no variable and nothing that somebody typed, debugging or not.

    A name stands in forms, dataclasses and locals of any depth: to list which of them
    to hide would be to forget one (PRV-08; OWASP ASVS 5.0 16.2.5).
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        names = [] if request is None else list(request.POST)
        return dict.fromkeys(names, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Any:
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
