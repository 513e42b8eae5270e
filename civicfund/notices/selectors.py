"""Reading the mail that Django's file-based backend has kept in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

# The backend ends each message so; it may keep several in one file.
_END = re.compile(rb"\n-{79}\n(?=\Z|[A-Za-z-]+: )")
MOST_FILES_READ = 200


@dataclass(frozen=True)
class KeptMail:
    """One message, named by its file and its place in it."""

    file: str
    number: int
    sent_at: datetime | None
    to: str
    subject: str
    text: str
    html: str


def kept_mails(folder: Path) -> list[KeptMail]:
    """The newest mails in the folder, newest first; none where there is no folder."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.name, reverse=True)
    mails = [mail for file in files[:MOST_FILES_READ] for mail in _mails_in(file)]
    return sorted(mails, key=lambda mail: (mail.file, mail.number), reverse=True)


def kept_mail(folder: Path, file: str, number: int) -> KeptMail | None:
    """One of the mails in the folder, by its name; None where there is no such."""
    wanted = [path for path in folder.glob("*.log") if path.stem == file]
    return next(
        (mail for path in wanted for mail in _mails_in(path) if mail.number == number), None
    )


def _mails_in(file: Path) -> Iterator[KeptMail]:
    parts = [part for part in _END.split(file.read_bytes()) if part.strip()]
    for number, part in enumerate(parts):
        message = message_from_bytes(part, policy=policy.default)
        sent = message["Date"]
        yield KeptMail(
            file=file.stem,
            number=number,
            sent_at=parsedate_to_datetime(sent) if sent else None,
            to=str(message["To"] or ""),
            subject=str(message["Subject"] or ""),
            text=_part(message, "plain"),
            html=_part(message, "html"),
        )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    return str(body.get_content()) if body else ""
