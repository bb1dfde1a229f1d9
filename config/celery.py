"""The Celery application: worker and clock."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("candor")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _refuse_unsafe_role(**_: Any) -> None:
    """Celery's one place for what a worker must know before its first task."""
    import django  # noqa: PLC0415 - this module is part of the settings' own package

    django.setup()
    from audit.checks import refuse_unsafe_role  # noqa: PLC0415 - needs the settings

    try:
        refuse_unsafe_role()
    except ImproperlyConfigured as error:
        # Celery logs whatever else is raised here, and goes on.
        sys.exit(str(error))
