"""Django's settings. Every value that differs between machines comes from the environment.

docs/settings.md describes each variable, and a test holds the two together. With nothing set this is a
demonstration on one machine: loopback only, SQLite and uploads in ./data, the sandbox instead of a key.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, Literal

import dj_database_url
import django
from django.core.exceptions import ImproperlyConfigured

from . import __version__, buckets, env, secret
from .accounts import extras
from .limits import Limits

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

# ---- where this server stands ----------------------------------------------------------------------
DEBUG = env.flag("DEBUG", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", LOOPBACK_HOSTS)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
ON_LOOPBACK = set(ALLOWED_HOSTS) <= {*LOOPBACK_HOSTS, "::1", "testserver"}
HTTPS = env.flag("QWENCHAT_HTTPS", default=not ON_LOOPBACK)
BEHIND_PROXY = env.flag("QWENCHAT_BEHIND_PROXY", default=False)

QWENCHAT_DATA = Path(env.text("QWENCHAT_DATA", "data")).resolve()
QWENCHAT_SIGNUP = env.choice(
    "QWENCHAT_SIGNUP", "open" if ON_LOOPBACK else "closed", ("open", "approval", "closed")
)
# Who may read what people share by link: nobody, whoever is signed in here, or whoever has the link.
QWENCHAT_SHARES = env.choice("QWENCHAT_SHARES", "members", ("off", "members", "anyone"))
LIMITS = Limits.from_environment()

SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    if not ON_LOOPBACK:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. A server that answers to "
            f"{', '.join(ALLOWED_HOSTS)} needs one: a random string of 50 characters or more."
        )
    SECRET_KEY = secret.kept_in(QWENCHAT_DATA / "secret-key")
if DEBUG and not ON_LOOPBACK:
    raise ImproperlyConfigured(
        "DEBUG is on while ALLOWED_HOSTS names hosts beyond loopback. Error pages would show secrets to "
        "the network: unset DEBUG or ALLOWED_HOSTS."
    )

# ---- the model service ------------------------------------------------------------------------------
DASHSCOPE_API_KEY = env.text("DASHSCOPE_API_KEY")
DASHSCOPE_BASE_URL = env.text(
    "DASHSCOPE_BASE_URL", "https://dashscope.aliyuncs.com/compatible-mode/v1"
).rstrip("/")
DASHSCOPE_NATIVE_URL = (
    env.text("DASHSCOPE_NATIVE_URL").rstrip("/") if env.is_set("DASHSCOPE_NATIVE_URL") else None
)
QWENCHAT_MODELS = env.words("QWENCHAT_MODELS")
QWENCHAT_DEFAULT_MODEL = env.text("QWENCHAT_DEFAULT_MODEL")
QWENCHAT_TITLE_MODEL = env.text("QWENCHAT_TITLE_MODEL")
QWENCHAT_SYSTEM_PROMPT = env.text("QWENCHAT_SYSTEM_PROMPT")
# Whose prices the page tells: Beijing's, or the international ones.
ABROAD = ("-intl.", "-us.", "ap-southeast", "us-east", "eu-central", "ap-northeast")
QWENCHAT_REGION: Literal["beijing", "international"] = env.choice(
    "QWENCHAT_REGION",
    "international" if any(part in DASHSCOPE_BASE_URL for part in ABROAD) else "beijing",
    ("beijing", "international"),
)
QWENCHAT_CONTEXT_TOKENS = env.integer("QWENCHAT_CONTEXT_TOKENS", 8192, minimum=512)
# True while `up` runs the offline model server for this process; never from the environment.
SANDBOX = False

# ---- tools ------------------------------------------------------------------------------------------
# Programs on this machine as tool servers: they run with our rights, so the operator has to want it.
QWENCHAT_MCP_STDIO = env.flag("QWENCHAT_MCP_STDIO", default=False)
# Encrypt the secrets of tool servers, newest first; without any a key is made in the data folder.
QWENCHAT_SECRETS_KEY = env.text("QWENCHAT_SECRETS_KEY")
QWENCHAT_WEATHER = env.choice("QWENCHAT_WEATHER", "", ("", "open-meteo"))
QWENCHAT_WEATHER_URL = env.text("QWENCHAT_WEATHER_URL", "https://api.open-meteo.com/v1/forecast")
QWENCHAT_WEATHER_PLACES_URL = env.text(
    "QWENCHAT_WEATHER_PLACES_URL", "https://geocoding-api.open-meteo.com/v1/search"
)
QWENCHAT_WEATHER_KEY = env.text("QWENCHAT_WEATHER_KEY")

# ---- the application --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "qwenchat.accounts.apps.StaffConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "django_htmx",
    "qwenchat",
    "qwenchat.accounts",
    "attachments",
    "conversations",
]

MIDDLEWARE = [
    "qwenchat.headers.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "qwenchat.urls"
ASGI_APPLICATION = "qwenchat.asgi.application"
WSGI_APPLICATION = None

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
                "django.template.context_processors.i18n",
                "qwenchat.context_processors.site",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    },
]

# ---- data -------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SQLITE_OPTIONS = {
    # FULL: an `ack` promises "saved", also through a power cut. IMMEDIATE: a writer waits at the start of
    # its transaction, where waiting is safe, instead of failing in the middle.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;"
        " PRAGMA foreign_keys=ON;"
    ),
}
DATABASE_URL = env.text("DATABASE_URL") or f"sqlite:///{QWENCHAT_DATA / 'qwenchat.sqlite3'}"
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    # A file, as in production: threads share it under the same locking rules.
    DATABASES["default"]["TEST"] = {"NAME": str(QWENCHAT_DATA / "test.sqlite3")}
elif DATABASES["default"]["ENGINE"].endswith("postgresql"):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 0, "max_size": 12}

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# ---- accounts ---------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "new_chat"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "qwenchat.accounts.adapter.Adapter"
ACCOUNT_FORMS = {
    "login": "qwenchat.accounts.forms.SignIn",
    "signup": "qwenchat.accounts.forms.SignUp",
    "change_password": "qwenchat.accounts.forms.ChangePassword",
    "set_password": "qwenchat.accounts.forms.SetPassword",
    "reset_password_from_key": "qwenchat.accounts.forms.ResetPassword",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[qwenchat] "
# Passwords tried and requests of one address are counted by accounts/throttle.py, which says how long to
# wait; allauth goes on counting the rest, such as the codes of a second factor.
ACCOUNT_RATE_LIMITS = {"login": None, "signup": None}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0

# E-mail: only with a server for it are there password resets and confirmations.
MAIL_SERVER = {
    "host": env.text("EMAIL_HOST"),
    "port": env.integer("EMAIL_PORT", 25),
    "username": env.text("EMAIL_HOST_USER"),
    "password": env.text("EMAIL_HOST_PASSWORD"),
    "use_tls": env.flag("EMAIL_USE_TLS", default=False),
    "use_ssl": env.flag("EMAIL_USE_SSL", default=False),
    "timeout": 10,
}
EMAIL_IS_SET_UP = bool(MAIL_SERVER["host"])
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "qwenchat@localhost")
MAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_IS_SET_UP else 'dummy'}.EmailBackend"
if django.VERSION >= (6, 1):  # which has one setting in place of the single ones
    MAILERS = {
        "default": {"BACKEND": MAIL_BACKEND, "OPTIONS": MAIL_SERVER if EMAIL_IS_SET_UP else {}}
    }
else:
    EMAIL_BACKEND = MAIL_BACKEND
    EMAIL_HOST, EMAIL_PORT = MAIL_SERVER["host"], MAIL_SERVER["port"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER["username"], MAIL_SERVER["password"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SERVER["use_tls"], MAIL_SERVER["use_ssl"]
    EMAIL_TIMEOUT = MAIL_SERVER["timeout"]
# The address that people use, for links in e-mails: a request's Host header is not to be trusted there.
QWENCHAT_URL = env.text("QWENCHAT_URL").rstrip("/")
ACCOUNT_EMAIL_VERIFICATION = env.choice(
    "QWENCHAT_EMAIL_VERIFICATION", "none", ("none", "optional", "mandatory")
)
if EMAIL_IS_SET_UP and not QWENCHAT_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(
        "EMAIL_HOST is set, so QWENCHAT_URL must say at which address people find this server, for the "
        f"links in e-mails: https://chat.example.org. It is {QWENCHAT_URL!r}."
    )
if ACCOUNT_EMAIL_VERIFICATION != "none" and not EMAIL_IS_SET_UP:
    raise ImproperlyConfigured(
        "QWENCHAT_EMAIL_VERIFICATION needs a server that sends e-mail: set EMAIL_HOST."
    )

# Codes of an authenticator app, and signing in through an OpenID Connect provider: off until asked for.
if env.flag("QWENCHAT_TOTP", default=False):
    extras.needed("QWENCHAT_TOTP", "qrcode", "fido2", extra="totp")
    INSTALLED_APPS.append("allauth.mfa")
    MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
    MFA_TOTP_ISSUER = "qwenchat"
    # An address is optional here, so an unconfirmed one must not keep people from a second factor.
    MFA_ALLOW_UNVERIFIED_EMAIL = True
QWENCHAT_OIDC_SERVER = env.text("QWENCHAT_OIDC_SERVER")
if QWENCHAT_OIDC_SERVER:
    extras.needed("QWENCHAT_OIDC_SERVER", "requests", "jwt", extra="oidc")
    INSTALLED_APPS += ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": env.text("QWENCHAT_OIDC_NAME", "OpenID Connect"),
                    "client_id": env.text("QWENCHAT_OIDC_CLIENT_ID"),
                    "secret": env.text("QWENCHAT_OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": QWENCHAT_OIDC_SERVER},
                }
            ],
        }
    }

# ---- sessions and transport -------------------------------------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = LIMITS.form_bytes

# ---- static files -----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = QWENCHAT_DATA / "static"
# `up` collects the files under names that carry their hash; without it they are served as they lie.
STATIC_IS_COLLECTED = (STATIC_ROOT / "staticfiles.json").exists()
WHITENOISE_USE_FINDERS = not STATIC_IS_COLLECTED
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "qwenchat.staticfiles.HashedStorage"
            if STATIC_IS_COLLECTED
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
# What people bring: in the data folder, or in a bucket. Never served from there; see attachments/serving.py.
MEDIA_ROOT = QWENCHAT_DATA / "uploads"
FILE_UPLOAD_PERMISSIONS = 0o600
# Addresses that this server may fetch from although they are not public: networks, or host:port.
FETCH_ALLOW = env.words("QWENCHAT_FETCH_ALLOW")
ATTACHMENTS_BACKGROUND = True  # long work on a file goes on after its upload has been answered
if bucket := buckets.from_environment():
    STORAGES["default"] = bucket
    # Asking a cloud's metadata service for credentials would hang everywhere else.
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

# ---- language and time ------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_AGE = 31_536_000
USE_TZ = True
TIME_ZONE = "UTC"

# ---- logs -------------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("QWENCHAT_LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "qwenchat.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "qwenchat": {"level": LOG_LEVEL},
        "conversations": {"level": LOG_LEVEL},
        "attachments": {"level": LOG_LEVEL},
        "django": {"level": "WARNING", "handlers": [], "propagate": True},
        "daphne": {"level": "WARNING"},
        # What other servers sent, and addresses with what stands in them, is for no log.
        "mcp": {"level": "CRITICAL"},
        "httpx2": {"level": "WARNING"},
    },
}

# What a page compares, to know that the server behind it was replaced by a newer one.
BUILD = __version__
# This process, in rows that it owns: host and process are for people, the last part makes it unique.
WORKER = f"{socket.gethostname()}/{os.getpid()}/{secret.token(6)}"
SILENCED_SYSTEM_CHECKS: list[str] = []
