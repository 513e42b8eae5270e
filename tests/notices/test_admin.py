"""The outbox in the admin: that people were told, never what, and nothing of complaints."""

from __future__ import annotations

import pytest
from django.urls import reverse

from civicfund.complaints.services.filing import complain
from civicfund.notices.models import Message
from civicfund.notices.services import tell
from tests.factories.people import UserFactory
from tests.factories.projects import ProjectFactory
from tests.signing_in import sign_in_with_second_factor

pytestmark = pytest.mark.django_db


@pytest.fixture
def superusers_client(client):
    sign_in_with_second_factor(client, UserFactory(is_staff=True, is_superuser=True))
    return client


def opened(client, message: Message):
    return client.get(reverse("admin:notices_message_change", args=[message.pk]))


def test_the_outbox_says_that_somebody_was_told_and_not_what(superusers_client):
    link = "http://town.example/answer/a-key-of-their-own/"
    tell(UserFactory(), "survey_sent", ProjectFactory(), survey_url=link, title="Which colour?")
    page = opened(superusers_client, Message.objects.get()).content.decode()
    assert "survey_sent" in page
    assert [each for each in ("a-key-of-their-own", "Which colour?") if each in page] == []


def test_the_outbox_in_the_admin_says_nothing_of_complaints(superusers_client):
    complain(about="staff", words="They threatened me.", answer_to="quillon@example.org")
    message = Message.objects.get()
    listed = superusers_client.get(reverse("admin:notices_message_changelist"))
    assert message.kind not in listed.content.decode()
    assert opened(superusers_client, message).status_code == 302
