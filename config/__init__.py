"""The composition root: settings, routes, the web and worker applications."""

# The web process must know the broker too: acts wake the worker.
from config.celery import app as celery_app

__all__ = ["celery_app"]
