"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from audit.checks import refuse_unsafe_role  # noqa: E402 - needs the settings

refuse_unsafe_role()
