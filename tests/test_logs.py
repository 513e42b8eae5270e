from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAY = """
import logging.config
import structlog
from civicfund.settings.logs import logging_for
logging.config.dictConfig(logging_for(as_json={as_json}))
structlog.get_logger("civicfund.pledges").info("pledge.collected", pledge="7")
logging.getLogger("stripe").info("every request")
logging.getLogger("stripe").warning("a refusal")
logging.getLogger("django.request").warning("Not Found: /pledges/pay/7.secret/")
logging.getLogger("django.request").warning("Not Found: /mail/stop/7.secret/")
logging.getLogger("django.request").warning("Not Found: /pledges/open/7.secret/updates/1/")
logging.getLogger("django.request").warning("Not Found: /pledges/survey/7.secret/")
logging.getLogger("django.request").warning("Not Found: /complaint/link/7.secret/")
structlog.get_logger("x").info("request", request="GET /pledges/pay/7.secret/?a=1")
from django.core.exceptions import PermissionDenied
try:
    raise PermissionDenied("Treasurer")
except PermissionDenied as refusal:
    logging.getLogger("django.request").warning("Forbidden", exc_info=refusal)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("django.request").exception("broke")
"""


def said(*, as_json: bool) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SAY.format(as_json=as_json)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_each_event_is_one_json_object_on_a_line_of_its_own():
    lines = [json.loads(line) for line in said(as_json=True)]
    assert [line["event"] for line in lines] == [
        "pledge.collected",
        "a refusal",
        "Not Found: /pledges/pay/(hidden)/",
        "Not Found: /mail/stop/(hidden)/",
        "Not Found: /pledges/open/(hidden)/updates/1/",
        "Not Found: /pledges/survey/(hidden)/",
        "Not Found: /complaint/link/(hidden)/",
        "request",
        "Forbidden",
        "broke",
    ]
    assert (lines[0]["pledge"], lines[0]["level"]) == ("7", "info")
    assert lines[7]["request"] == "GET /pledges/pay/(hidden)/?a=1"
    assert "exception" not in lines[8]
    assert "ZeroDivisionError" in lines[9]["exception"]


def test_a_person_reads_plain_lines():
    lines = said(as_json=False)
    assert "pledge.collected" in lines[0]
    assert "\x1b" not in "".join(lines)
