"""All settings, read from the environment once."""

from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF

from config.environment import (
    ConfigurationError,
    database,
    env_bool,
    env_list,
    env_secret,
    mail_server,
    version_of,
)
from participants.ciphers import KeyRing, key_ring

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = version_of(BASE_DIR / "CHANGELOG.md")

# The demonstration: one machine, synthetic trials only, one-click sign-in.
DEMONSTRATION = env_bool("DEMONSTRATION", default=False)
DEBUG = env_bool("DEBUG", default=False)
SECRET_KEY = env_secret("SECRET_KEY") or ""
if not SECRET_KEY:
    raise ConfigurationError(
        "Set SECRET_KEY, or SECRET_KEY_FILE to a file that holds it."
    )
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")

# Who a participant is, is encrypted with keys that no database and no backup holds.
_identity_keys = env_secret("IDENTITY_KEYS")
if not (_identity_keys or DEMONSTRATION or DEBUG):
    raise ConfigurationError(
        "Set IDENTITY_KEYS_FILE to the file of the keys that encrypt identities; "
        "docs/administration.md says how to make one."
    )
try:
    IDENTITY_KEYS = key_ring(_identity_keys) if _identity_keys else KeyRing({})
except ValueError as error:
    raise ConfigurationError(f"IDENTITY_KEYS: {error}.") from None
# The worker's alone: whoever holds it can make anchors. The web process needs none.
ANCHOR_KEY = env_secret("ANCHOR_KEY") or ""
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.reporting.SilentReporterFilter"
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "oversight.apps.OversightAdminConfig",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "audit",
    "accounts",
    "trials",
    "notices",
    "participants",
    "medical",
    "sessions.apps.SessionsConfig",
    "adverse_events",
    "assessments",
    "randomization",
    "reminders",
    "workbench",
    "exports",
    "oversight.apps.OversightConfig",
    "simulation",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.http.SeeingMiddleware",
    "accounts.http.PersonMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.http.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.once.OnceMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "workbench.rail.rail",
            ],
            "builtins": ["accounts.templatetags.once"],
        },
    },
]

# DATABASE_URL is the role that web or worker runs as; OWNER_DATABASE_URL owns the
# tables and is used by `migrate` alone, so that no page can reach the owner's rights.
DATABASES = {"default": database(env_secret("DATABASE_URL") or "")}
if owner_url := env_secret("OWNER_DATABASE_URL"):
    DATABASES["owner"] = database(owner_url)
    DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.DemonstrationHasher"
    if DEMONSTRATION
    else "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", **options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"OPTIONS": {"min_length": 12}}),
        ("CommonPasswordValidator", {}),
    )
]
LOGIN_URL = "trials:demonstration" if DEMONSTRATION else "accounts:sign_in"
LOGIN_REDIRECT_URL = "workbench:home"
SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds; the absolute limit of one sign-in
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# Behind TLS everywhere but in the demonstration, which listens on 127.0.0.1 alone.
_tls = not (DEMONSTRATION or DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _tls
SESSION_COOKIE_NAME = "__Host-session" if _tls else "session"
SECURE_SSL_REDIRECT = env_bool("SSL_REDIRECT", default=_tls)
SECURE_HSTS_SECONDS = 31_536_000 if _tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _tls
if env_bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env_secret("STATIC_ROOT") or BASE_DIR / "var" / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_TIMEOUT = 20  # seconds; a hanging mail server must not hold a worker
globals().update(mail_server(env_secret("EMAIL_URL") or "smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env_secret("DEFAULT_FROM_EMAIL") or "reminders@localhost"
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
SITE_URL = env_secret("SITE_URL") or ""  # where staff sign in, as mails name it

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["exports.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Candor sponsor API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

CELERY_BROKER_URL = env_secret("REDIS_URL") or "redis://localhost:6379/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 300  # seconds
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task: a shorter one would deliver a running task twice.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_connect_timeout": 5,  # an act that wakes the worker must not wait for long
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "plan reminders": {"task": "reminders.tasks.plan", "schedule": crontab(minute=7)},
    "send reminders": {"task": "reminders.tasks.send_due", "schedule": 300.0},
    "tell safety staff": {"task": "reminders.tasks.tell", "schedule": 60.0},
    # Hourly, though there is one anchor a day: a worker that was down makes up for it.
    "anchor trails": {"task": "reminders.tasks.anchor", "schedule": crontab(minute=20)},
    "verify trails": {
        "task": "audit.tasks.verify_all",
        "schedule": crontab(hour=2, minute=40),
    },
    "forget answered requests": {
        "task": "accounts.tasks.forget_answered",
        "schedule": crontab(minute=50),
    },
    "sign of life": {"task": "audit.tasks.sign_of_life", "schedule": 60.0},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
