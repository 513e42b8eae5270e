from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from civicfund.audit.admin import ReadOnlyAdmin
from civicfund.audit.models import Event
from civicfund.audit.services import record
from civicfund.people.enums import Role
from civicfund.people.services import grant_role
from tests.factories.people import UserFactory
from tests.signing_in import (
    sign_in,
    sign_in_with_second_factor,
    verified,
    walk_in_with_second_factor,
    with_totp,
)

pytestmark = pytest.mark.django_db

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def page_of(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def superuser():
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def superusers_client(client, superuser):
    sign_in_with_second_factor(client, superuser)
    return client


def every_list() -> list[str]:
    return [reverse("admin:index"), *(page_of(model, "changelist") for model in REGISTERED)]


def test_staff_without_a_second_factor_open_no_admin_page(client, superuser):
    sign_in(client, verified(superuser))
    for url in every_list():
        refused = client.get(url, follow=True)
        assert refused.redirect_chain[-1][0] == reverse("mfa_index"), url


def test_a_second_factor_that_was_not_given_opens_no_admin_page(client, superuser):
    with_totp(verified(superuser))
    client.force_login(superuser)
    for url in every_list():
        refused = client.get(url, follow=True)
        assert refused.redirect_chain[-1][0].startswith(reverse("mfa_reauthenticate")), url


def test_a_stranger_is_sent_to_the_sites_own_sign_in(client):
    refused = client.get(reverse("admin:index"), follow=True)
    assert refused.redirect_chain[-1][0] == f"{reverse('account_login')}?next=%2Fadmin%2F"


def test_a_resident_with_a_second_factor_is_refused(client):
    walk_in_with_second_factor(client, UserFactory())
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_a_superuser_with_a_second_factor_opens_every_list(client, superuser):
    walk_in_with_second_factor(client, superuser)
    for url in every_list():
        assert client.get(url).status_code == 200, url


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_nobody_adds_or_deletes_a_row_through_the_admin(superusers_client, model):
    for url in (page_of(model, "add"), page_of(model, "delete", 1)):
        assert superusers_client.get(url).status_code == 403
        assert superusers_client.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_no_list_offers_to_delete(superusers_client, model):
    page = superusers_client.get(page_of(model, "changelist"))
    offered = admin.site._registry[model].get_actions(page.wsgi_request)
    assert "delete_selected" not in offered


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_states_money_and_facts_cannot_be_typed_over(superusers_client, superuser, model):
    for role in Role:
        grant_role(superuser, role, by=None)
    page = superusers_client.get(page_of(model, "changelist"))
    guarded = admin.site._registry[model]
    form = guarded.get_form(page.wsgi_request)
    typed = set(form.base_fields) if guarded.has_change_permission(page.wsgi_request) else set()
    assert typed == set(getattr(guarded, "editable", ()))
    assert not [name for name in typed if name == "state" or name.endswith("_minor")]


def test_a_superuser_cannot_change_a_fact(superusers_client, superuser):
    event = record("seen", superuser, actor=superuser)
    url = page_of(Event, "change", event.pk)
    assert superusers_client.get(url).status_code == 200
    assert superusers_client.post(url, {"verb": "forged"}).status_code == 403
    assert Event.objects.get(pk=event.pk).verb == "seen"


def test_the_page_of_a_row_shows_what_happened_to_it(superusers_client, superuser):
    event = record("seen", superuser, actor=superuser)
    record("audited", event, actor=superuser)
    page = superusers_client.get(page_of(Event, "change", event.pk))
    assert "audited" in page.content.decode()


def test_an_unguarded_page_of_our_own_is_refused_at_start():
    class Unguarded(admin.ModelAdmin):
        __module__ = "civicfund.somewhere"

    with pytest.raises(ImproperlyConfigured, match="somewhere: an admin page"):
        admin.site.register(Event, Unguarded)


def test_pages_that_other_packages_bring_are_left_out():
    assert all(isinstance(page, ReadOnlyAdmin) for page in admin.site._registry.values())
