"""A page of another origin, under a strict policy, with the sandbox in place of Stripe.js."""

from __future__ import annotations

import http.server
import threading
from html import escape

import pytest

from tests.stripe.helpers import (
    RECIPIENT,
    new_payment,
    sandbox_client,
    save_card,
    status_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Pledge</title>
<script src="{sandbox}/v3"></script><script type="module" src="/host.js"></script></head><body>
<main><h1>Pledge</h1><form id="form" data-key="{key}" data-secret="{secret}" data-kind="{kind}"
data-redirect="{redirect}"><div id="payment-element"></div><button>Save card</button></form>
<p id="said" role="status"></p></main></body></html>"""
SCRIPT = """
const form = document.getElementById("form");
const { key, secret, kind, redirect } = form.dataset;
const stripe = Stripe(key);
const elements = stripe.elements({ clientSecret: secret });
elements.create("payment").mount("#payment-element");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const confirmParams = { return_url: `${location.origin}/back?pledge=7` };
  const result = await stripe[kind]({ elements, confirmParams, redirect });
  const intent = result.setupIntent || result.paymentIntent;
  document.getElementById("said").textContent = result.error
    ? result.error.message
    : `status: ${intent.status}`;
});
"""


class Host:
    """The page that a backer sees, on an origin of its own."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.page = ""
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                is_script = self.path == "/host.js"
                body = (SCRIPT if is_script else host.page).encode()
                self.send_response(200)
                kind = "text/javascript" if is_script else "text/html; charset=utf-8"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Security-Policy", host.policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def policy(self):
        there = self.sandbox.url
        return (
            f"default-src 'none'; script-src 'self' {there}; frame-src {there}; "
            f"connect-src 'self' {there}; style-src 'self'; base-uri 'none'"
        )

    def show(self, page, secret, *, kind="confirmSetup", redirect="always"):
        self.page = PAGE.format(
            sandbox=self.sandbox.url,
            key=self.sandbox.publishable_key,
            secret=escape(secret),
            kind=kind,
            redirect=redirect,
        )
        page.goto(f"{self.url}/pledge")
        frame = page.frame_locator("#payment-element iframe")
        frame.get_by_label("Card number").wait_for()
        return frame

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def host(stripe_sandbox):
    host = Host(stripe_sandbox)
    yield host
    host.close()


@pytest.fixture
def client(stripe_sandbox):
    return sandbox_client(stripe_sandbox)


@pytest.fixture
def setup(client):
    customer = client.v1.customers.create()
    return client.v1.setup_intents.create({"customer": customer.id, "usage": "off_session"})


def type_card(frame, number):
    frame.get_by_label("Card number").press_sequentially(number)
    frame.get_by_label("Expiry date").press_sequentially("1234")
    frame.get_by_label("Security code").fill("123")


def save(page):
    page.get_by_role("button", name="Save card").click()


def came_back(page, host, outcome):
    page.wait_for_url(f"{host.url}/back**")
    assert f"redirect_status={outcome}" in page.url
    assert "pledge=7" in page.url


def test_typed_card_is_saved_and_the_payer_comes_back(page, host, client, setup):
    frame = host.show(page, setup.client_secret)
    type_card(frame, "4242424242424242")
    assert frame.get_by_label("Card number").input_value() == "4242 4242 4242 4242"
    save(page)
    came_back(page, host, "succeeded")
    assert f"setup_intent={setup.id}" in page.url
    assert client.v1.setup_intents.retrieve(setup.id).status == "succeeded"


def test_chosen_test_card_is_saved_without_leaving_the_page(page, host, client, setup):
    frame = host.show(page, setup.client_secret, redirect="if_required")
    frame.get_by_role("button", name="Is saved, then fails when charged").click()
    save(page)
    page.get_by_text("status: succeeded").wait_for()
    method = client.v1.setup_intents.retrieve(setup.id).payment_method
    assert client.v1.payment_methods.retrieve(method).card.last4 == "0341"


def test_declined_card_says_so_and_saves_nothing(page, host, client, setup, complaints):
    frame = host.show(page, setup.client_secret)
    type_card(frame, "4000000000000002")
    save(page)
    page.get_by_text("Your card was declined.").wait_for()
    assert client.v1.setup_intents.retrieve(setup.id).status == "requires_payment_method"
    assert ["402" in complaint for complaint in complaints] == [True]
    complaints.clear()


def test_incomplete_card_is_named_field_by_field(page, host, client, setup):
    frame = host.show(page, setup.client_secret)
    frame.get_by_label("Card number").fill("4242")
    save(page)
    page.get_by_text("This card number is not complete or not valid.").wait_for()
    number = frame.get_by_label("Card number")
    assert number.get_attribute("aria-invalid") == "true"
    assert frame.locator("#number-error").inner_text() == (
        "This card number is not complete or not valid."
    )
    assert frame.locator("#cvc-error").inner_text() != ""
    assert client.v1.setup_intents.retrieve(setup.id).payment_method is None


@pytest.mark.parametrize(
    ("button", "outcome", "status"),
    [("Complete", "succeeded", "succeeded"), ("Fail", "failed", "requires_payment_method")],
)
def test_3d_secure_page_sends_the_payer_back(
    page, host, client, setup, check_axe, button, outcome, status
):
    frame = host.show(page, setup.client_secret)
    frame.get_by_role("button", name="Asks for 3-D Secure now, then works").click()
    save(page)
    page.get_by_role("heading", name="Is this you?").wait_for()
    check_axe(page)
    page.get_by_role("button", name=button).click()
    came_back(page, host, outcome)
    assert client.v1.setup_intents.retrieve(setup.id).status == status


def test_payer_who_is_there_pays_the_same_intent_with_another_card(page, host, client):
    customer, _ = save_card(client)
    intent = new_payment(client, customer, "pm_card_visa")
    frame = host.show(page, intent.client_secret, kind="confirmPayment")
    frame.get_by_role("button", name="Asks for 3-D Secure every time").click()
    save(page)
    page.get_by_role("button", name="Complete").click()
    came_back(page, host, "succeeded")
    found = client.v1.payment_intents.retrieve(intent.id)
    assert (found.status, found.amount_received) == ("succeeded", 2500)


def test_fields_can_be_used_with_the_keyboard_alone(page, host, client, setup):
    frame = host.show(page, setup.client_secret, redirect="if_required")
    frame.get_by_label("Card number").focus()
    for text in ("4242424242424242", "1234", "123"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first test card's button
    frame.get_by_text("Filled in: Works.").wait_for()
    page.get_by_role("button", name="Save card").focus()
    page.keyboard.press("Enter")
    page.get_by_text("status: succeeded").wait_for()
    assert client.v1.setup_intents.retrieve(setup.id).status == "succeeded"


def test_card_fields_pass_axe_on_a_phone(phone, host, setup, check_axe, screenshot):
    frame = host.show(phone, setup.client_secret)
    frame.get_by_text("Test payments — no real money").wait_for()
    phone.wait_for_function("document.querySelector('iframe').offsetHeight > 400")
    check_axe(phone)
    screenshot(phone, "sandbox-card-390")
    card = next(one for one in phone.frames if one.url.endswith("/elements/card"))
    wide = card.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


def test_card_fields_pass_axe_inside_their_frame_too(phone, stripe_sandbox, check_axe):
    phone.goto(f"{stripe_sandbox.url}/elements/card")
    phone.get_by_text("More test cards").click()
    check_axe(phone)


def test_overview_passes_axe_and_shows_no_secret(
    page, host, client, setup, stripe_sandbox, check_axe, screenshot
):
    customer, method = save_card(client)
    intent = new_payment(client, customer, method)
    client.v1.payment_intents.confirm(intent.id, {"off_session": True})
    page.goto(stripe_sandbox.url)
    page.get_by_text(intent.id).first.wait_for()
    assert "_secret_" not in page.content()
    assert stripe_sandbox.secret_key not in page.content()
    check_axe(page)
    screenshot(page, "sandbox-overview-1280")


def test_onboarding_makes_an_account_take_transfers(page, host, client, check_axe):
    account = client.v2.core.accounts.create(RECIPIENT)
    flow = {"refresh_url": f"{host.url}/again", "return_url": f"{host.url}/back"}
    link = client.v2.core.account_links.create(
        {
            "account": account.id,
            "use_case": {"type": "account_onboarding", "account_onboarding": flow},
        }
    )
    page.goto(link.url)
    check_axe(page)
    page.get_by_role("button", name="Finish onboarding").click()
    page.wait_for_url(f"{host.url}/back")
    found = client.v2.core.accounts.retrieve(account.id, {"include": ["configuration.recipient"]})
    assert status_of(found) == "active"
    page.goto(link.url)  # it served once
    assert page.url == f"{host.url}/again"


def test_browser_needs_the_client_secret_and_sees_no_metadata(page, host, client, setup):
    host.show(page, setup.client_secret)
    seen = page.evaluate(
        """async ([key, secret]) => {
          const stripe = Stripe(key);
          const good = await stripe.retrieveSetupIntent(secret);
          return [good.setupIntent.status, "metadata" in good.setupIntent];
        }""",
        [host.sandbox.publishable_key, setup.client_secret],
    )
    assert seen == ["requires_payment_method", False]


def test_wrong_client_secret_is_refused(page, host, client, setup, complaints):
    host.show(page, setup.client_secret)
    refused = page.evaluate(
        """async ([key, secret]) => {
          const answer = await Stripe(key).retrieveSetupIntent(secret);
          return answer.error.param;
        }""",
        [host.sandbox.publishable_key, f"{setup.id}_secret_guess"],
    )
    assert refused == "client_secret"
    complaints.clear()
