"""Django settings. Everything an operator may change is an environment variable, listed in .env.example."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import embedded
from config.env import Env, database

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def _folder(name: str, default: Path) -> Path:
    """A relative path counts from the working copy: .env means the same wherever ./run is called from."""
    return (BASE_DIR / Path(env.text(name, str(default))).expanduser()).resolve()


DATA_DIR = _folder("FRAMELOOP_DATA", BASE_DIR / "data")
DEBUG = env.flag("DEBUG", False)
EMBEDDED = not env.text("DATABASE_URL") or env.flag("FRAMELOOP_EMBEDDED", False)


def _secret_key() -> str:
    """SECRET_KEY, or one made at the first start and kept readable to its owner only."""
    given = env.text("SECRET_KEY")
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters: make a longer random one.")
        return given
    path = DATA_DIR / "secret.key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
SOURCE_URL = env.url("SOURCE_URL", "", ("http", "https"))
PUBLIC_URL = env.url("PUBLIC_URL", "", ("http", "https")).rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "projects",
    "annotations",
    "training",
    "streaming",
    "config",
]

MIDDLEWARE = [
    "config.health.OperationsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.logs.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
                "csp.context_processors.nonce",
                "projects.context.shell",
                "config.source.context",
            ],
        },
    },
]

DATABASE_URL = env.url("DATABASE_URL", embedded.database_url(DATA_DIR), ("postgresql", "postgres"))
DATABASES = {"default": database(DATABASE_URL)}
if EMBEDDED and not embedded.postgres_runs(DATA_DIR):
    DATABASES["default"]["OPTIONS"] = {}  # a pool would wait 30 s for a server that does not run; this fails at once
REDIS_URL = env.url("REDIS_URL", embedded.redis_url(DATA_DIR), ("redis", "rediss", "unix"))

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# Celery's transport spells a Unix socket in its own way.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"training.tasks.run_training_job": {"queue": "training"}}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "sweep-orphans": {"task": "projects.tasks.sweep_orphans", "schedule": 86_400.0},
    "stage-late-uploads": {"task": "projects.tasks.stage_late_uploads", "schedule": 60.0},
    "expire-uploads": {"task": "projects.tasks.expire_uploads", "schedule": 3600.0},
    "forget-expired": {"task": "projects.tasks.forget_expired", "schedule": 86_400.0},
    "reap-lost-jobs": {"task": "projects.tasks.reap_lost_jobs", "schedule": 15.0},
    "look-at-watches": {"task": "projects.tasks.look_at_watches", "schedule": 30.0},
    "look-at-pictures": {"task": "projects.tasks.look_at_pictures", "schedule": 600.0},
    "sweep-exports": {"task": "annotations.tasks.sweep_exports", "schedule": 3600.0},
    "sweep-imports": {"task": "annotations.tasks.sweep_imports", "schedule": 3600.0},
    "mirror-journals": {"task": "annotations.tasks.mirror_journals", "schedule": 15.0},
    "embed-items": {"task": "training.tasks.embed_items", "schedule": 300.0},
    "end-sessions": {"task": "annotations.tasks.end_sessions", "schedule": 15.0},
}

AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = ["projects.authentication.EmailBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "sign-in"
OPEN_SIGN_UP = env.flag("OPEN_SIGN_UP", True)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "projects.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "projects.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "projects.parsers.JsonParser",
        "rest_framework.parsers.MultiPartParser",
        "rest_framework.parsers.FormParser",
    ],
    "NUM_PROXIES": env.whole("TRUSTED_PROXIES", 0, high=10),
    "EXCEPTION_HANDLER": "projects.problems.exception_handler",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # By address, and a whole class may sit behind one; what protects passwords is the lockout.
    "DEFAULT_THROTTLE_RATES": {
        "sign-in": env.rate("THROTTLE_SIGN_IN", "60/min"),
        "register": env.rate("THROTTLE_REGISTER", "200/hour"),
        "assist": env.rate("THROTTLE_ASSIST", "120/min"),  # by person
    },
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Frameloop",
    "DESCRIPTION": "Label images and video together, train, prove, and watch: the REST interface.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/favicon.svg",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Role": "projects.models.people.Role",
        "Task": "projects.models.project.Task",
        "JobStatus": "projects.models.job.Status",
        "ItemState": "projects.models.item.State",
        "UploadState": "projects.models.upload.UploadState",
        "BatchState": "projects.models.upload.BatchState",
        "Part": "annotations.models.work.Part",
        "Split": "projects.models.item.Split",
        "Kind": "projects.models.library.Kind",
        "AttributeKind": "projects.serializers.projects.KINDS",
        "WatchKind": "projects.models.watch.WatchKind",
        "SourceKind": "streaming.models.SourceKind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "projects.schema.document_problems",
    ],
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=30),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "USER_ID_FIELD": "id",
    "CHECK_REVOKE_TOKEN": True,  # a new password ends every JWT
}
KNOX_TOKEN_MODEL = "projects.ApiToken"
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None, "TOKEN_MODEL": "projects.ApiToken"}

STORAGE_URL = env.url("STORAGE_URL", "", ("s3",))
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]


def _media_storage() -> dict[str, object]:
    """Files on disk by default; STORAGE_URL=s3://key:secret@host/bucket puts them into S3."""
    if not STORAGE_URL:
        return {"BACKEND": "projects.storage.Folder", "OPTIONS": {"location": str(MEDIA_ROOT)}}
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(STORAGE_URL)
    bucket = parts.path.strip("/") or parts.hostname or ""
    if not bucket:
        raise ImproperlyConfigured("STORAGE_URL has no bucket: expected s3://key:secret@host/bucket.")
    options: dict[str, object] = {"bucket_name": bucket, "querystring_auth": True, "file_overwrite": True}
    if parts.username:
        options |= {"access_key": unquote(parts.username), "secret_key": unquote(parts.password or "")}
    if parts.path.strip("/") and parts.hostname:
        options["endpoint_url"] = f"https://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    return {"BACKEND": "projects.storage_s3.Bucket", "OPTIONS": options}


STORAGES = {
    "default": _media_storage(),
    "staticfiles": {"BACKEND": "config.static.ModuleManifestStorage"},
}

# What one upload may cost. A 30,000 x 30,000 picture would take 2.7 GB once decoded.
MAX_UPLOAD_BYTES = env.whole("MAX_UPLOAD_BYTES", 4 * 2**30, high=2**50)
MAX_IMAGE_PIXELS = env.whole("MAX_IMAGE_PIXELS", 100_000_000)
# Resumable uploads: the most bytes of one, where their pieces are kept, and for how long after the last one came.
MAX_RESUMABLE_BYTES = env.whole("MAX_RESUMABLE_BYTES", 64 * 2**30, high=2**50)
UPLOADS_DIR = _folder("UPLOADS_DIR", DATA_DIR / "uploads")
UPLOAD_EXPIRY_HOURS = env.whole("UPLOAD_EXPIRY_HOURS", 7 * 24, low=1)
# Files by their addresses: private networks that they may be in, and the seconds that one may take.
ALLOWED_PRIVATE_NETWORKS = env.networks("ALLOWED_PRIVATE_NETWORKS")
WATCH_ROOTS = [Path(word).resolve() for word in env.words("WATCH_ROOTS")]
FETCH_SECONDS = env.whole("FETCH_SECONDS", 1800, low=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20
FILE_UPLOAD_TEMP_DIR = env.text("FILE_UPLOAD_TEMP_DIR") or None

TRAINING_DEVICES = env.words("TRAINING_DEVICES", ())
WEIGHTS_DIR = _folder("WEIGHTS_DIR", DATA_DIR / "weights")
GATEWAY_SOCKET = str(embedded.socket_folder(DATA_DIR) / "gateway.sock")
GATEWAY_ADDRESSES = env.words("GATEWAY_ADDRESSES", ())
GATEWAY_PORTS = env.text("GATEWAY_PORTS", "")
ICE_SERVERS = env.words("ICE_SERVERS", ())
TURN_URLS = env.words("TURN_URLS", ())
TURN_SECRET = env.text("TURN_SECRET")
if TURN_URLS and not TURN_SECRET:
    raise ImproperlyConfigured("TURN_URLS is set without TURN_SECRET: give the secret of coturn's static-auth-secret.")
for _server in (*ICE_SERVERS, *TURN_URLS):
    # They end up in a header between angle brackets.
    if not re.fullmatch(r"(stun|turn)s?:[^\s<>\"]+", _server):
        raise ImproperlyConfigured(f"ICE_SERVERS, TURN_URLS: {_server!r} is no stun:host:port or turn:host:port.")
GATEWAY_VIEWERS = env.whole("GATEWAY_VIEWERS", 256, low=1)
STREAM_STALL = env.whole("STREAM_STALL", 20, low=1)
ALLOW_PRIVATE_CAMERAS = env.flag("ALLOW_PRIVATE_CAMERAS", True)
ALLOW_LOOPBACK_CAMERAS = env.flag("ALLOW_LOOPBACK_CAMERAS", False)
SOURCE_FOLDER = _folder("SOURCE_FOLDER", DATA_DIR / "sources")

# What /readyz asks for beside the database, Redis, the storage and the disk, and who may read /metrics from afar.
READY_WORKERS = env.words("READY_WORKERS", ())
METRICS_TOKEN = env.text("METRICS_TOKEN")

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:", "mediastream:"],
        "connect-src": ["'self'", "ws:", "wss:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    },
}
BEHIND_TLS = env.flag("BEHIND_TLS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"level": LOG_LEVEL, "json": not env.flag("LOG_PLAIN", False)}
