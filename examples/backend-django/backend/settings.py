"""Settings, from the environment: README.md lists the variables."""

import os
from pathlib import Path

from .environment import required, signing_secrets, words

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = required("SECRET_KEY")
ALLOWED_HOSTS = required("ALLOWED_HOSTS").split()
SIGNING_SECRETS = signing_secrets("BACKEND_SIGNING_SECRET")
# Never on: its error pages show a request with the user in it.
DEBUG = False

INSTALLED_APPS = [
    "users",
    "corsheaders",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    # Before every middleware that can answer, CommonMiddleware for example: an answer that does not pass through it has
    # no CORS headers.
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Only for the browser's frontend. The function is not a browser and sends no `Origin`, so CORS neither lets it in nor
# keeps it out; CORS_ALLOW_ALL_ORIGINS would change nothing for it and open the API to every site.
CORS_ALLOWED_ORIGINS = words("CORS_ALLOWED_ORIGINS")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

ROOT_URLCONF = "backend.urls"
WSGI_APPLICATION = "backend.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
# The admin's files come right from where Django has them, without `collectstatic`.
WHITENOISE_USE_FINDERS = True

DATABASE_PATH = os.environ.get("DATABASE_PATH") or str(BASE_DIR / "db.sqlite3")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE_PATH,
        "OPTIONS": {
            # Readers don't wait for a writer. A transaction takes its lock at its start, when SQLite can wait for it.
            # Without that, one that reads first and then writes fails at once with "database is locked" if another
            # has written.
            "init_command": "PRAGMA journal_mode = WAL",
            "transaction_mode": "IMMEDIATE",
            # In seconds.
            "timeout": 5,
        },
        # A file, because the tests write from several threads, which SQLite in memory has no waiting for.
        "TEST": {"NAME": f"{DATABASE_PATH}.test"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
# In bytes: the function sends no larger body.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # Its warnings hold the path, which may hold a user's id. The views log refusals themselves.
    "loggers": {"django.request": {"level": "ERROR"}},
}
