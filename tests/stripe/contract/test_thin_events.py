from __future__ import annotations

from tests.stripe.helpers import RECIPIENT, wait_until

CREATED = "v2.core.account.created"


def events_of(client, account):
    return client.v2.core.events.list({"object_id": account, "types": [CREATED]}).data


def test_an_account_leaves_thin_events_in_their_log(client):
    account = client.v2.core.accounts.create(RECIPIENT).id
    wait_until(lambda: events_of(client, account))
    (event,) = events_of(client, account)
    assert (event.object, event.type, event.livemode) == ("v2.core.event", CREATED, False)
    assert (event.related_object.id, event.related_object.type) == (account, "v2.core.account")
    fetched = client.v2.core.events.retrieve(event.id)
    assert (fetched.id, fetched.created) == (event.id, event.created)
    assert fetched.fetch_related_object().id == account
