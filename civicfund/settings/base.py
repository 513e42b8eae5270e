"""What every deployment shares; what one may set is read from the environment."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

from civicfund.settings.logs import logging_for

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Env()

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", "")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000")

# The town that this deployment serves: one town, one currency (docs/adr).
TOWN_NAME = env.str("TOWN_NAME", "Marrowmere")
CURRENCY = env.str("CURRENCY", "EUR")
TIME_ZONE = env.str("TIME_ZONE", "Europe/Dublin")

INSTALLED_APPS = [
    "civicfund.audit",
    "civicfund.places",
    "civicfund.people",
    "civicfund.notices",
    "civicfund.projects",
    "civicfund.talk",
    "civicfund.complaints",
    "civicfund.ledger",
    "civicfund.payments",
    "civicfund.delivery",
    "civicfund.payouts",
    "civicfund.pledges",
    "civicfund.reconciliation",
    "budgeting",
    "civicfund.town",
    "civicfund.apps.SecondFactorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    # Both set up loaders of their own by default, and each undoes the other's: see TEMPLATES.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django_htmx",
    "django_structlog",
    "csp",
    "rules",
    "lucide",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "civicfund.strangers.KeptPages",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "civicfund.rush.RoomForOthers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "civicfund.admin_site.SaysSecondFactor",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "civicfund.asking.AskAgain",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "civicfund.urls"
WSGI_APPLICATION = "civicfund.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "civicfund.context.town",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.cache",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "civicfund.templatetags.drawn",
                "civicfund.templatetags.money",
                "civicfund.templatetags.problems",
                "civicfund.templatetags.prose",
                "civicfund.templatetags.ui",
            ],
        },
    }
]
COTTON_DIR = "components"
FORM_RENDERER = "civicfund.controls.Controls"

# From which share of like letters on (of their groups of three, 0 to 1) a misspelt word finds a
# title ("playgruond": the first), and two titles are like each other (the second). A connection's
# setting, since an index answers no other question.
TRIGRAMS = "-c pg_trgm.word_similarity_threshold=0.5 -c pg_trgm.similarity_threshold=0.45"

# PostgreSQL only. `default` is the application's role; `owner` migrates and owns the tables.
_DATABASE_URL = env.str("DATABASE_URL", "")


def _database(url: str) -> dict[str, Any]:
    parsed: dict[str, Any] = env.dj_db_url("", default=url) if url else {"NAME": "civicfund"}
    return parsed | {
        "ENGINE": "civicfund.postgres",
        # A new connection learns of every table and plans every question anew, which takes longer
        # than most pages.
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            # A request that waits longer for a lock than this answers with an apology, not never.
            "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s " + TRIGRAMS,
        },
    }


DATABASES = {
    "default": _database(_DATABASE_URL),
    "owner": _database(env.str("MIGRATE_DATABASE_URL", _DATABASE_URL)),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {"BACKEND": "civicfund.caches.KeepingRedisCache", "LOCATION": REDIS_URL},
    # Public pages, in each web process (civicfund.strangers).
    "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pages"},
    # What frames every page, drawn once for each place in it: templates/base.html.
    "frames": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "frames"},
}
# For how long a public page that was drawn for a stranger is good for the next one. 0: not at all.
PAGES_KEPT_SECONDS = env.int("PAGES_KEPT_SECONDS", 5)
# For how long a web process takes an open cycle's dates as it read them, to show its ballot. A cast
# always reads them again. 0: not at all.
OPEN_CYCLE_KEPT_SECONDS = env.float("OPEN_CYCLE_KEPT_SECONDS", 1.0)
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # outcomes are rows
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
LOGGING = logging_for(as_json=True, level=env.str("LOG_LEVEL", "INFO"))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line for a request: what came of it
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # an address is personal data

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my_page"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "civicfund.people.forms.SignupForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_FORMS = {
    "login": "civicfund.people.forms.accounts.LoginForm",
    "signup": "civicfund.people.forms.accounts.SignupForm",
    "add_email": "civicfund.people.forms.accounts.AddEmailForm",
    "reset_password": "civicfund.people.forms.accounts.ResetPasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or a new key is told to its owner
# Beside those that allauth has for its own pages.
ACCOUNT_RATE_LIMITS = {
    "report_campaign": "5/h/ip",
    # Drawn anew while its creator types; a script waits for a pause before it asks.
    "preview_campaign": "40/m/user",
    "campaign_update": "5/d/user",
    "campaign_correction": "5/d/user",
    "pledge_as_guest": "20/h/ip",
    "voting_code": "30/h/ip,10/h/key",
    "send_document": "20/h/key",
    "find_home": "120/h/user",
    "find_person": "120/h/user",
    "personal_copy": "5/d/key",
    "close_account": "10/h/key",
    "complaint": "5/h/ip",
    "add_file": "60/h/key",
    "kiosk_code": "20/10m/key",
    # Of a large vote the proof reads the whole board; whole families and libraries share a network.
    "look_up_receipt": "30/10m/ip",
    "bundle": "30/h/ip",
    "comment": "40/h/user",
    "comment_when_new": "8/h/user",
    "flag_comment": "20/h/user",
    # What writes to others, or asks for their eyes: see docs/projects.md.
    "create_project": "30/d/user",
    "create_project_when_new": "10/d/user",
    "publish_project": "20/d/user",
    "publish_project_when_new": "5/d/user",
    "invite_co_author": "20/d/user",
    "invite_co_author_when_new": "5/d/user",
    "ask_to_join": "10/d/user",
    "ask_to_join_when_new": "3/d/user",
    "offer_help": "30/d/user",
    "offer_help_when_new": "10/d/user",
    "ask_to_merge": "10/d/user",
    "ask_to_merge_when_new": "3/d/user",
}
# How many proxies of our own stand before the web processes. Each adds the address that it heard
# from to X-Forwarded-For, so the visitor's is the last but so many; anything before it is only what
# the visitor says. Limits by address count by it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = TOWN_NAME
# The code before and after the current one: clocks differ, and people type slowly (RFC 6238, 5.2).
MFA_TOTP_TOLERANCE = 1

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "civicfund" / "locale"]
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# All but static/src/, from which the style sheet is built.
STATICFILES_DIRS = [(name, BASE_DIR / "static" / name) for name in ("css", "img", "js", "vendor")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{TOWN_NAME} <no-reply@example.org>")
EMAIL_SUBJECT_PREFIX = ""
EMAIL_TIMEOUT = 10  # seconds; a message's row is locked while its mail server answers
# Where those who answer complaints are told that one waits: they do not run votes or campaigns.
COMPLAINTS_ADDRESS = env.str("COMPLAINTS_ADDRESS", "complaints@example.org")
# By when a complaint is answered, and for how long it is kept after its last answer.
COMPLAINT_DAYS = env.int("COMPLAINT_DAYS", 30)
COMPLAINT_KEPT_DAYS = env.int("COMPLAINT_KEPT_DAYS", 365)

# Maps are outlines on paper; an operator may lay a map's tiles under them ({z}/{x}/{y}).
MAP_TILE_URL = env.str("MAP_TILE_URL", "")
MAP_TILE_CREDIT = env.str("MAP_TILE_CREDIT", "")
_TILE_HOSTS = ["/".join(MAP_TILE_URL.split("/")[:3])] if MAP_TILE_URL else []

# Strict: no inline script or style anywhere; a page that takes a card adds the payment host itself.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *_TILE_HOSTS],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": [],
    "geolocation": ["self"],
    "microphone": [],
    "usb": [],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

REST_FRAMEWORK = {
    "NUM_PROXIES": TRUSTED_PROXIES,
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["civicfund.parsing.Json"],
    "DEFAULT_PAGINATION_CLASS": "civicfund.paging.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min", "user": "600/min"},
}
SPECTACULAR_SETTINGS = {
    "TITLE": "civicfund",
    "DESCRIPTION": "Projects, budget cycles, ballots and campaigns of one town.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Several things have a state or a kind, each with words of its own.
    "ENUM_NAME_OVERRIDES": {
        "CampaignStateEnum": "civicfund.pledges.enums.CampaignState",
        "CycleStateEnum": "budgeting.enums.CycleState",
        "PhaseOutputKindEnum": "budgeting.enums.PhaseKind",
        "PledgeStateEnum": "civicfund.pledges.enums.PledgeState",
        "ProjectStateEnum": "civicfund.projects.enums.ProjectState",
    },
}

# Payments: the real Stripe SDK; locally and in tests it speaks to the sandbox on loopback.
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", "")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", "")
# Of the endpoint that hears of connected accounts, those of project owners.
STRIPE_CONNECT_WEBHOOK_SECRET = env.str("STRIPE_CONNECT_WEBHOOK_SECRET", "")
# Whether real cards are charged; a rehearsal with Stripe's test keys says false.
STRIPE_LIVE = env.bool("STRIPE_LIVE", True)
# The script that takes card details in the page, so that they never reach this server.
STRIPE_JS_URL = env.str(
    "STRIPE_JS_URL",
    f"{STRIPE_API_BASE}/v3/" if STRIPE_API_BASE else "https://js.stripe.com/v3/",
)
# How many requests one endpoint of the provider gets from us in a second, and all of them together
# (0: what the provider takes of a live or a test account).
PROVIDER_CALLS_PER_ENDPOINT = env.int("PROVIDER_CALLS_PER_ENDPOINT", 24)
PROVIDER_CALLS_IN_ALL = env.int("PROVIDER_CALLS_IN_ALL", 0)

# What one pledge may be, in minor units; the provider takes nothing smaller than the least.
PLEDGE_LEAST_MINOR = env.int("PLEDGE_LEAST_MINOR", 100)
PLEDGE_CEILING_MINOR = env.int("PLEDGE_CEILING_MINOR", 1_000_000)
# The provider's price list, to tell backers what of a charge goes to it: a share, a fixed part.
PROVIDER_FEE_THOUSANDTHS = env.int("PROVIDER_FEE_THOUSANDTHS", 15)
PROVIDER_FEE_FIXED_MINOR = env.int("PROVIDER_FEE_FIXED_MINOR", 25)
# What the town keeps of what a campaign collects, in thousandths, and who bears the provider's fee:
# the town, or the project. A campaign has what is set when it is sent for review.
TOWN_FEE_THOUSANDTHS = env.int("TOWN_FEE_THOUSANDTHS", 0)
PROVIDER_FEE_BORNE_BY = env.str("PROVIDER_FEE_BORNE_BY", "town")
if not 0 <= TOWN_FEE_THOUSANDTHS < 1000 or PROVIDER_FEE_BORNE_BY not in ("town", "project"):
    raise ImproperlyConfigured(
        "TOWN_FEE_THOUSANDTHS is from 0 to 999, PROVIDER_FEE_BORNE_BY is town or project."
    )
# How many of a web process's threads serve pledges to one campaign at once; as many wait, and
# whoever comes beyond that is given a turn.
RUSH_AT_ONCE = env.int("RUSH_AT_ONCE", 2)
# How long a started pledge keeps its place while its backer gives a card.
CHECKOUT_SECONDS = env.int("CHECKOUT_SECONDS", 30 * 60)
# How long one worker has a pledge to itself while it settles it. Longer than the calls may take;
# shorter is safe as well, because the provider charges one order at most once.
SETTLEMENT_LEASE_SECONDS = env.int("SETTLEMENT_LEASE_SECONDS", 300)
# How long a backer whose card failed has to make good.
RECOVERY_DAYS = env.int("RECOVERY_DAYS", 7)
# What one treasurer may give back within a day without a second one, in minor units.
REFUND_ALONE_MINOR = env.int("REFUND_ALONE_MINOR", 20_000)
# Of charges of the last days, which a bank may still take back, so much is kept from payouts.
PAYOUT_RESERVE_PERCENT = env.int("PAYOUT_RESERVE_PERCENT", 5)
PAYOUT_RESERVE_DAYS = env.int("PAYOUT_RESERVE_DAYS", 120)
# Where project owners are, for the payment provider: ISO 3166-1.
PAYOUT_COUNTRY = env.str("PAYOUT_COUNTRY", "IE")
# How long ago the second factor may have been given when somebody approves a grave act.
SECOND_FACTOR_RECENT_SECONDS = env.int("SECOND_FACTOR_RECENT_SECONDS", 300)

# Longer than any request may live, so that what was accepted in time is in before a close.
CLOSING_GRACE_SECONDS = env.int("CLOSING_GRACE_SECONDS", 60)

# How much memory a count may take. 0: what the machine and its container leave free.
COUNTING_MEMORY_MIB = env.int("COUNTING_MEMORY_MIB", 0)

# Turns a person's number into the key of a line on a voter roll. Kept outside the database, so that
# the roll alone names nobody; losing it means that no further line can be matched with a person.
PERSON_KEY_SECRET = env.str("PERSON_KEY_SECRET", "")
# For how long a code from a letter, once typed, lets its browser vote.
VOTING_CODE_SECONDS = env.int("VOTING_CODE_SECONDS", 1_800)

# What people send to show where they live: a folder outside the database and its backups, shared by
# web and worker processes, and the key (64 hexadecimal digits) that its files are sealed with. Each
# file is destroyed when it is decided on, and after so many days in any case.
RESIDENCE_DOCUMENTS = env.str("RESIDENCE_DOCUMENTS", "")
RESIDENCE_DOCUMENT_KEY = env.str("RESIDENCE_DOCUMENT_KEY", "")
RESIDENCE_DOCUMENT_DAYS = env.int("RESIDENCE_DOCUMENT_DAYS", 14)

# The ages that officers can note when they confirm a home, as "at least so old": the youngest ages
# of the votes of this town. Nothing else of a date of birth is kept.
CONFIRMED_AGES: list[int] = env.list("CONFIRMED_AGES", [12, 14, 16, 18], subcast=int)

# For how many days somebody can take the copy of what the town holds about them.
PERSONAL_COPY_DAYS = env.int("PERSONAL_COPY_DAYS", 7)

# How long answers to a creator's survey are kept, from its sending or from the month in which the
# reward is promised; and for how long the link in its mail opens it without signing in.
SURVEY_ANSWER_DAYS = env.int("SURVEY_ANSWER_DAYS", 180)
SURVEY_LINK_DAYS = env.int("SURVEY_LINK_DAYS", 30)

# Days on which the town rests, as 2027-01-01: whoever plans a cycle is warned of phases that begin
# or end on one. Empty: nobody is, and the timeline of a cycle says so.
PUBLIC_HOLIDAYS: list[str] = env.list("PUBLIC_HOLIDAYS", [])

# How long before voting ends those are reminded who opened their ballot and have not cast it; only
# where the vote lasts longer than that. 0: nobody is, and nothing is kept for it.
BALLOT_REMINDER_HOURS = env.int("BALLOT_REMINDER_HOURS", 24)

# A folder for the keys by which a running vote finds a voter's earlier ballot: outside the
# database and its backups, shared by all web and worker processes. Each key is destroyed when its
# vote closes; a lost one means that nobody can vote until it is back.
SLOT_KEYS = env.str("SLOT_KEYS", "")
