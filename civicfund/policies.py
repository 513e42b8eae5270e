"""Which terms and which privacy page people agree to: a version, and the digest of its words.

Who changes the words gives them another version, and leaves the old folder as it is: a test pins
each version to its digest.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

VERSION = "2026-12"
AGREED_TO = ("terms", "privacy")


@cache
def digest(version: str = VERSION) -> str:
    """SHA-256 over the words of both, as their templates have them."""
    folder = Path(settings.BASE_DIR) / "templates" / "policies" / version
    words = b"\0".join((folder / f"{name}.html").read_bytes() for name in AGREED_TO)
    return hashlib.sha256(words).hexdigest()


def figures() -> dict[str, object]:
    """How long things are kept, for the pages to say: what the software itself goes by."""
    return {
        "policy_version": VERSION,
        "document_days": settings.RESIDENCE_DOCUMENT_DAYS,
        "copy_days": settings.PERSONAL_COPY_DAYS,
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "csrf_days": settings.CSRF_COOKIE_AGE // 86_400,
        "session_days": settings.SESSION_COOKIE_AGE // 86_400,
        "code_minutes": settings.VOTING_CODE_SECONDS // 60,
        "reminder_hours": settings.BALLOT_REMINDER_HOURS,
        "survey_days": settings.SURVEY_ANSWER_DAYS,
        "recovery_days": settings.RECOVERY_DAYS,
        "complaint_days": settings.COMPLAINT_KEPT_DAYS,
        "complaints_address": settings.COMPLAINTS_ADDRESS,
    }
