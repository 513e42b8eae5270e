"""Pledging without an account, and claiming the pledge later."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.core import mail
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from civicfund.notices.services import send_next
from civicfund.people.models import User
from civicfund.pledges.access import guest_token, recovery_token
from civicfund.pledges.domain import CONSENT_VERSION
from civicfund.pledges.enums import CampaignState, PledgeState
from civicfund.pledges.models import Campaign, Pledge
from civicfund.pledges.selectors.treasury import found_pledges
from civicfund.pledges.services.cards import save_test_card
from civicfund.pledges.services.claiming import claim_pledges
from tests.factories.people import UserFactory
from tests.factories.pledges import CampaignFactory, PledgeFactory
from tests.pledges.promises import WORKS

pytestmark = pytest.mark.django_db
ADDRESS = "guest@example.org"


def words(**more):
    return {"amount": "25", "guest_email": ADDRESS} | more


def agreed(**more):
    return words(consent="on", consent_version=CONSENT_VERSION) | more


def guest_pledge(client, **more):
    campaign = CampaignFactory()
    response = client.post(reverse("pledge", args=[campaign.pk]), agreed(**more))
    assert response.status_code == 302, response.content.decode()
    return Pledge.objects.get(campaign=campaign)


def verified(user, address=ADDRESS):
    return EmailAddress.objects.create(user=user, email=address, verified=True, primary=False)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_nobody_needs_an_account(client, provider):
    made = guest_pledge(client, guest_name="A Guest", show_name="on")
    assert made.backer.is_guest
    assert made.backer.mail_address == ADDRESS
    assert client.get(reverse("pledge_card", args=[made.pk])).status_code == 200
    save_test_card(made, WORKS)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "You pledged without an account" in page
    while send_next():
        pass
    [sent] = mail.outbox
    assert sent.to == [ADDRESS]
    assert reverse("guest_pledge_link", args=[guest_token(made)]) in sent.body


def test_the_words_are_read_before_anything_is_kept(client):
    campaign = CampaignFactory()
    page = client.post(reverse("pledge", args=[campaign.pk]), words())
    assert page.status_code == 200
    assert f'name="guest_email" value="{ADDRESS}"' in page.content.decode()
    assert not User.objects.exclude(guest_email="").exists()


@pytest.mark.parametrize("wrong", ["", "no address", "a@b@c"])
def test_an_address_is_asked_for(client, wrong):
    campaign = CampaignFactory()
    page = client.post(reverse("pledge", args=[campaign.pk]), agreed(guest_email=wrong))
    assert page.status_code == 400
    assert not Pledge.objects.filter(campaign=campaign).exists()
    assert not User.objects.exclude(guest_email="").exists()


def test_a_refused_pledge_leaves_no_guest(client):
    campaign = CampaignFactory(state=CampaignState.CLOSING)
    page = client.post(reverse("pledge", args=[campaign.pk]), agreed())
    assert page.status_code == 400
    assert not User.objects.exclude(guest_email="").exists()


def test_the_same_browser_goes_on_with_the_same_pledge(client):
    made = guest_pledge(client)
    client.post(reverse("pledge", args=[made.campaign_id]), agreed(amount="30"))
    [after] = Pledge.objects.filter(campaign=made.campaign_id)
    assert (after.pk, after.amount_minor) == (made.pk, 3000)


def test_the_mailed_link_opens_this_pledge_elsewhere_and_no_other(client):
    guest, other = (User.objects.create_guest(ADDRESS) for _ in range(2))
    made, others = PledgeFactory(backer=guest), PledgeFactory(backer=other)
    assert client.get(made.get_absolute_url()).status_code == 302
    response = client.get(reverse("guest_pledge_link", args=[guest_token(made)]))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Location"] == made.get_absolute_url()
    assert client.get(made.get_absolute_url()).status_code == 200
    assert client.get(others.get_absolute_url()).status_code == 404
    assert client.post(reverse("pledge_cancel", args=[made.pk])).status_code == 302
    made.refresh_from_db()
    assert made.state == PledgeState.CANCELLED


def test_links_of_another_kind_or_for_accounts_open_nothing(client):
    made = PledgeFactory(backer=User.objects.create_guest(ADDRESS))
    with_account = PledgeFactory()
    for token in (recovery_token(made), guest_token(made)[:-1]):
        assert client.get(reverse("guest_pledge_link", args=[token])).status_code == 404
    client.get(reverse("guest_pledge_link", args=[guest_token(with_account)]))
    for pledge in (made, with_account):
        assert client.get(pledge.get_absolute_url()).status_code == 302


def test_a_guest_sees_no_page_of_members(client):
    guest_pledge(client)
    for name in ("residency", "statements", "project_new"):
        assert client.get(reverse(name)).status_code == 302


def test_whoever_proves_the_address_is_given_the_pledge(client):
    made = guest_pledge(client, guest_email=ADDRESS.upper())
    account = UserFactory()
    address = verified(account)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)
    made.refresh_from_db()
    assert made.backer == account
    assert client.get(made.get_absolute_url()).status_code == 404  # the guest's browser, no more
    link = reverse("guest_pledge_link", args=[guest_token(made)])
    assert client.get(link).headers["Location"] == made.get_absolute_url()
    assert reverse("account_login") in client.get(made.get_absolute_url()).headers["Location"]
    client.force_login(account)
    assert client.get(made.get_absolute_url()).status_code == 200


def test_an_address_that_nobody_proved_claims_nothing(client):
    made = guest_pledge(client)
    account = UserFactory()
    EmailAddress.objects.create(user=account, email=ADDRESS, verified=False, primary=False)
    verified(account, "another@example.org")
    assert claim_pledges(account) == 0
    made.refresh_from_db()
    assert made.backer.is_guest


def test_a_pledge_of_ones_own_is_not_doubled(client):
    made = guest_pledge(client)
    account = PledgeFactory(campaign=made.campaign).backer
    verified(account)
    assert claim_pledges(account) == 0
    assert Pledge.objects.get(pk=made.pk).backer.is_guest


def test_a_settled_pledge_can_be_claimed_too():
    made = PledgeFactory(backer=User.objects.create_guest(ADDRESS))
    Campaign.objects.filter(pk=made.campaign_id).update(state=CampaignState.CLOSING)
    account = UserFactory()
    verified(account)
    assert claim_pledges(account) == 1
    assert claim_pledges(account) == 0


def test_the_database_lets_no_pledge_change_hands_otherwise():
    guests, account = PledgeFactory(backer=User.objects.create_guest(ADDRESS)), UserFactory()
    owned = PledgeFactory()
    verified(account, "another@example.org")
    for pledge in (guests, owned):
        with pytest.raises(IntegrityError, match="only who verified"), transaction.atomic():
            Pledge.objects.filter(pk=pledge.pk).update(backer=account)
    verified(UserFactory(), ADDRESS)
    with pytest.raises(IntegrityError, match="only who verified"), transaction.atomic():
        Pledge.objects.filter(pk=guests.pk).update(backer=account)


def test_a_guest_cannot_be_made_to_sign_in():
    guest = User.objects.create_guest(ADDRESS)
    for change in ({"password": "pbkdf2$"}, {"is_staff": True}, {"email": ADDRESS}):
        with pytest.raises(DatabaseError), transaction.atomic():
            User.objects.filter(pk=guest.pk).update(**change)


def test_guests_are_limited_by_network(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"pledge_as_guest": "2/h/ip"}
    answers = []
    for _ in range(3):
        client.logout()
        path = reverse("pledge", args=[CampaignFactory().pk])
        answers.append(client.post(path, agreed()))
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    shown = answers[-1].content.decode()
    assert "That is a lot within an hour." in shown
    assert ADDRESS in shown
    assert Pledge.objects.count() == 2


def test_treasurers_find_a_guests_pledge_by_the_address_it_was_made_with():
    made = PledgeFactory(backer=User.objects.create_guest(ADDRESS))
    PledgeFactory(backer=User.objects.create_guest("another@example.org"))
    assert list(found_pledges(ADDRESS.upper())) == [made]
