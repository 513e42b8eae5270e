"""What is typed about a project that is reported, hidden or taken down runs nowhere."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from civicfund.projects.enums import AppealOutcome, Wrong
from civicfund.projects.services import edit_project
from civicfund.projects.services.files import add_file
from civicfund.projects.services.moderating import decide_project_appeal, flag_project, hide_project
from civicfund.projects.services.veiling import veil_file, veil_version
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.hostile_files import a_pdf
from tests.projects.test_moderating import moderator
from tests.signing_in import sign_in_with_second_factor
from tests.talk.test_injection import (
    assert_harmless,
    assert_mails_harmless,
    hostile_and_harmless,
    sent,
)

pytestmark = pytest.mark.django_db


def typed(text):
    """A project with two versions and a paper taken down; and what was made of it."""
    project = ProjectFactory(title=text, summary=text, proposer__display_name=text[:80])
    edit_project(project, by=project.proposer, story="It is longer now.")
    paper = add_file(project, a_pdf(), words=text, by=project.proposer)
    flag_project(project, by=UserFactory(), reason=Wrong.OTHER, words=text)
    given = {"by": moderator(), "reason": Wrong.OTHER, "words": text}
    veil_version(project.versions.get(number=1), **given)
    veil_file(paper, **given)
    return project, paper, given


def test_on_no_page_of_theirs(client):
    sign_in_with_second_factor(client, moderator())
    shown: dict[str, list[str]] = {}
    for text in hostile_and_harmless(120):
        project, paper, given = typed(text)
        addresses = {
            name: reverse(name, args=[project.pk, *more])
            for name, more in (
                ("project", []), ("project_flag", []), ("judge_project", []),
                ("project_history", []), ("project_version", [1]), ("judge_version", [1]),
                ("judge_file", [paper.pk]),
            )
        }  # fmt: skip
        for name, address in addresses.items():
            shown.setdefault(name, []).append(client.get(address).content.decode())
        hide_project(project, **given)
        project.hidings.update(appeal_words=text, appealed_at=Now())
        for name in ("project", "judge_project"):
            answer = client.get(addresses[name])
            shown.setdefault(f"{name} hidden", []).append(answer.content.decode())
        client.logout()
        answer = client.get(addresses["project"])
        assert answer.status_code == 410
        shown.setdefault("tombstone", []).append(answer.content.decode())
        sign_in_with_second_factor(client, moderator())
    for *hostile, harmless in shown.values():
        for each in hostile:
            assert_harmless(each, harmless)


def test_in_no_mail_of_theirs():
    by_kind: dict[str, list] = {}
    for text in hostile_and_harmless(120):
        for outcome in AppealOutcome:
            project, _paper, given = typed(text)
            hide_project(project, **given)
            project.hidings.update(appeal_words=text, appealed_at=Now())
            decide_project_appeal(project, by=moderator(), outcome=outcome)
        for each in sent():
            by_kind.setdefault(each.subject, []).append(each)
    assert len(by_kind) == 4
    for mails in by_kind.values():
        assert_mails_harmless(mails[:-1], mails[-1])
