"""The command lines of the parts: the same under `./run` and in the containers."""

MANAGE = ("python", "manage.py")
ROLES = ("python", "-m", "starter.administrator")
MIGRATE = (*MANAGE, "migrate", "--noinput")
COLLECT_STATIC = (*MANAGE, "collectstatic", "--noinput")
DEMONSTRATION = (*MANAGE, "demonstration")
ACCOUNTS = (*MANAGE, "demonstration_accounts")
CELERY = ("python", "-m", "celery", "-A", "config")
WORKER = (*CELERY, "worker", "--concurrency", "1", "--loglevel", "info")


def web(address: str) -> tuple[str, ...]:
    """The web server on `address`, as in `127.0.0.1:8000`."""
    return (
        *("python", "-m", "gunicorn", "config.wsgi:application"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        *("--no-control-socket", "--bind", address),
    )


def beat(schedule: str) -> tuple[str, ...]:
    """The clock that sends what is due; `schedule` is the file of its last runs."""
    return (*CELERY, "beat", "--loglevel", "info", "--schedule", schedule)


def catcher(folder: str, host: str, port: str) -> tuple[str, ...]:
    """The mail catcher on an address of its own."""
    options = ("--folder", folder, "--host", host, "--port", port)
    return ("python", "-m", "starter.catcher", *options)
