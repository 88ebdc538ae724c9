"""Every setting, driven by the environment (contract, section 2)."""

from pathlib import Path

from config import database, env, secretkey
from config.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.raw("BATON_DATA") or BASE_DIR / "var").expanduser().resolve()

SECRET_KEY = secretkey.load(DATA_DIR, env.raw("BATON_SECRET_KEY"))
DEBUG = False
PUBLIC_URL = env.read(
    "BATON_PUBLIC_URL",
    "",
    env.web_address,
    "an address such as https://baton.example.com",
)
ALLOWED_HOSTS = list(
    env.read(
        "BATON_ALLOWED_HOSTS",
        ("localhost", "127.0.0.1", "[::1]"),
        env.words,
        "host names with commas between",
    )
)
HTTP_ALLOW = env.read(
    "BATON_HTTP_ALLOW",
    frozenset(),
    env.endpoints,
    "host:port with commas between, such as 10.0.0.5:8080",
)
VAULT_DAYS = env.read(
    "BATON_VAULT_DAYS",
    30,
    env.days,
    "a number of days from 1 to 3650: how long tokenized values can be restored",
)
BREAKER_COOL_DOWN_S = env.read(
    "BATON_BREAKER_COOL_DOWN_S",
    30.0,
    env.seconds,
    "a number of seconds from 0.1 to 3600: how long a model, agent or tool that keeps failing is left alone",
)
TRUSTED_PROXIES = env.read(
    "BATON_TRUSTED_PROXIES",
    (),
    env.networks,
    "addresses or networks of your proxies with commas between, such as 10.0.0.0/8",
)
REDIS_URL = env.read("REDIS_URL", "", env.redis_address, "an address such as redis://localhost:6379/0")
DATABASES = {
    "default": env.read(
        "DATABASE_URL",
        database.sqlite(DATA_DIR / "baton.sqlite3"),
        database.parse,
        "postgresql://user:password@host:port/name or sqlite:///path",
    )
}
EMBEDDED = not REDIS_URL

if REDIS_URL and DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    raise env.SettingError(
        "REDIS_URL is set but DATABASE_URL is not PostgreSQL: several processes need DATABASE_URL to be "
        "postgresql://user:password@host:port/name."
    )

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "governance",
    "registry",
    "flows",
    "runs",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Outermost, so that refusals by the ones below and static files carry the policy too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.assets.serving.ServeStaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "runs.origins.RequestOrigin",
    "runs.views.errors.PageErrors",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "runs.templatetags.baton",
            ],
        },
    }
]

AUTH_USER_MODEL = "governance.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
KNOX_TOKEN_MODEL = "governance.ApiToken"
# Knox's own migrations would leave a table for the model ours replaces, and PostgreSQL then cannot flush users.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": None,
    "AUTO_REFRESH": False,
    "TOKEN_MODEL": "governance.ApiToken",
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
# Where people come by https, they come by nothing else; monitors beside the proxy may ask without.
SECURE_SSL_REDIRECT = SECURE_HSTS_INCLUDE_SUBDOMAINS = SESSION_COOKIE_SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
# Putting a domain on the browsers' preload list is a decision of whoever owns it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
CSRF_FAILURE_VIEW = "runs.views.errors.refused"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.assets.serving.ReleasedFiles"},
}
WHITENOISE_USE_FINDERS = False  # config.assets.serving looks there itself, once
WHITENOISE_AUTOREFRESH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a long list in a form has a field a row
APPEND_SLASH = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "runs.api.authentication.Bearer",
        "runs.api.authentication.Session",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["runs.api.parsing.StrictJSON"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "runs.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Baton",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
CELERY_BROKER_URL = REDIS_URL or "memory://"
LOGGING = logging_settings()
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 5, "socket_timeout": 10}
