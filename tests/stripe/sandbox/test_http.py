"""What comes over the wire, well-formed or not."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
import stripe

from tests.stripe.helpers import HERE, new_payment, save_card

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def send(sandbox):
    """``send(method, path, body, **headers)`` -> (status, JSON), with the secret key."""

    def act(method, path, body=None, key=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
        given = {"Authorization": f"Bearer {key or sandbox.secret_key}", "Content-Type": FORM}
        connection.request(method, path, body, given | headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text or "{}")

    return act


def code(answer):
    return answer[0], answer[1]["error"].get("code")


def test_wrong_key_is_a_401(send):
    status, body = send("GET", "/v1/customers", key="sk_test_wrong")
    assert (status, body["error"]["message"]) == (401, "Invalid API key provided.")


def test_publishable_key_cannot_do_what_a_server_does(send, sandbox):
    refused = send("POST", "/v1/customers", "", key=sandbox.publishable_key)
    assert code(refused) == (401, "secret_key_required")


def test_knobs_need_the_secret_key(send, sandbox):
    assert send("POST", "/sandbox/reset", "{}", key=sandbox.publishable_key)[0] == 401
    assert send("POST", "/sandbox/reset", "{}", key="x")[0] == 401


def test_unknown_address_is_a_404(send):
    assert send("GET", "/v1/subscriptions")[0] == 404
    assert send("POST", "/sandbox/magic", "{}")[0] == 404


def test_broken_bodies_are_named_and_change_nothing(send):
    assert code(send("POST", "/v1/customers", "[x]=1")) == (400, "parameter_unknown")
    assert code(send("POST", "/v1/customers", "email=a&email[b]=c"))[0] == 400
    assert code(send("POST", "/v2/core/accounts", "{"))[0] == 400
    assert code(send("POST", "/v2/core/accounts", "[]"))[0] == 400
    assert send("POST", "/sandbox/clock", "nonsense")[0] == 400
    assert send("POST", "/sandbox/clock", '{"advance": "soon"}')[0] == 400
    assert send("POST", "/sandbox/webhooks", '{"drop": "often"}')[0] == 400
    assert send("GET", "/v1/customers")[1]["data"] == []


def test_clock_does_not_go_back(send):
    send("POST", "/sandbox/clock", '{"advance": 100}')
    assert send("POST", "/sandbox/clock", '{"offset": 10}')[0] == 400


def test_body_too_large_is_refused(send):
    assert send("POST", "/v1/customers", **{"Content-Length": "1000001"})[0] == 413


def test_request_whose_sender_dies_before_its_body_is_nobodys(sandbox, sandbox_stripe):
    """A worker that is killed between the two leaves its key free for the one that comes after."""
    customer, method = save_card(sandbox_stripe)
    intent = sandbox_stripe.v1.payment_intents.create(
        {"amount": 2500, "currency": "usd", "customer": customer, "automatic_payment_methods": HERE}
    )
    head = (
        f"POST /v1/payment_intents/{intent.id}/confirm HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {sandbox.secret_key}\r\nContent-Type: {FORM}\r\n"
        "Idempotency-Key: of-the-dead\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    confirmed = sandbox_stripe.v1.payment_intents.confirm(
        intent.id, {"payment_method": method, "off_session": True},
        {"idempotency_key": "of-the-dead"},
    )  # fmt: skip
    assert confirmed.status == "succeeded"


def test_other_host_names_are_refused(send):
    assert send("GET", "/v1/customers", Host="sandbox.example")[0] == 400


def test_card_number_with_a_secret_key_is_refused(sandbox_stripe):
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sandbox_stripe.v1.payment_methods.create({"type": "card", "card": card})
    assert caught.value.param == "card[number]"


def card(**changed):
    given = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    fields = "&".join(f"card[{name}]={value}" for name, value in (given | changed).items())
    return f"type=card&{fields}"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4111111111111111"}, "card_declined"),
        ({"exp_month": "13"}, "invalid_expiry_month"),
        ({"exp_year": "2020"}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
def test_browser_is_told_what_is_wrong_with_a_card(send, sandbox, changed, expected):
    refused = send("POST", "/v1/payment_methods", card(**changed), key=sandbox.publishable_key)
    assert code(refused) == (402, expected)
    assert sandbox.control("state").get("payment_method", 0) == 0


def test_browser_cannot_say_that_its_payer_is_away(send, sandbox, sandbox_stripe):
    customer, method = save_card(sandbox_stripe)
    intent = new_payment(sandbox_stripe, customer, method)
    refused = send(
        "POST",
        f"/v1/payment_intents/{intent.id}/confirm",
        f"client_secret={intent.client_secret}&off_session=true",
        key=sandbox.publishable_key,
    )
    assert refused[1]["error"]["param"] == "off_session"
    assert sandbox_stripe.v1.payment_intents.retrieve(intent.id).status == "requires_confirmation"


def test_intent_of_another_cannot_be_confirmed_without_its_secret(send, sandbox, sandbox_stripe):
    intent = sandbox_stripe.v1.setup_intents.create({"automatic_payment_methods": HERE})
    refused = send(
        "POST",
        f"/v1/setup_intents/{intent.id}/confirm",
        "payment_method=pm_card_visa&client_secret=guess",
        key=sandbox.publishable_key,
    )
    assert refused[1]["error"]["param"] == "client_secret"
    assert sandbox_stripe.v1.setup_intents.retrieve(intent.id).status == "requires_payment_method"
