# The production image: web, worker, clock and migration are the same program with
# different commands (see docker-compose.yml and starter/commands.py).
FROM python:3.11-slim-bookworm AS application

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    STATIC_ROOT=/app/static-collected

RUN useradd --system --uid 10001 --create-home candor \
    && install --directory --owner=candor /data
WORKDIR /app

COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt

COPY . .
# Settings refuse to load without these; no value is kept in the image, and what is
# collected is the same in the demonstration, which needs no key of identities.
RUN SECRET_KEY=unused DATABASE_URL=postgresql:///unused DEMONSTRATION=1 \
    python manage.py collectstatic --noinput

USER 10001
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "config.wsgi:application", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket", "--bind", "0.0.0.0:8000"]

# The mail catcher, for trying the production shape without a mail server.
FROM application AS catcher
USER 0
COPY requirements/local.txt requirements/
RUN pip install --no-cache-dir --require-hashes --requirement requirements/local.txt
USER 10001
CMD ["python", "-m", "starter.catcher", "--folder", "/data", "--host", "0.0.0.0", "--port", "1025"]

# The last stage is what `docker build .` makes.
FROM application AS production
