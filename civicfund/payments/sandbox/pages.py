"""The pages a person sees: the card fields, the issuer's page, the overview."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from civicfund.payments.sandbox import accounts
from civicfund.payments.sandbox.cards import CARDS, SHOWN_FIRST, TestCard
from civicfund.payments.sandbox.control import finish
from civicfund.payments.sandbox.engine import Engine, Request, Response
from civicfund.payments.sandbox.errors import ApiError
from civicfund.payments.sandbox.overview import overview
from civicfund.payments.sandbox.shapes import Obj

FILES = Path(__file__).parent / "browser"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
ASSETS = {
    "/v3": "v3.js",
    "/v3/": "v3.js",
    "/elements/card.js": "card.js",
    "/elements/card.css": "card.css",
    "/elements/page.css": "page.css",
}
# Who may show the card fields in a frame: pages of this machine.
HOSTS = "http://127.0.0.1:* http://localhost:*"
STRICT = "default-src 'none'; base-uri 'none'; script-src 'self'; style-src 'self'; img-src 'self'"


class Pages:
    """Pages and the scripts that belong to them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def handle(self, request: Request) -> Response:
        """The page at this address."""
        if request.method == "GET" and request.path in ASSETS:
            return _asset(ASSETS[request.path])
        if request.method == "GET" and request.path == "/elements/card":
            return _card_fields()
        if request.method == "GET" and request.path == "/":
            return _page("Payment sandbox", overview(self.engine))
        if request.path == "/favicon.ico":
            return Response(204, b"")
        if request.path.startswith("/authenticate/"):
            return self._authenticate(request)
        if request.path.startswith("/onboarding/"):
            return self._onboard(request)
        return _page("Not found", "<main><h1>There is no such page.</h1></main>", status=404)

    def _authenticate(self, request: Request) -> Response:
        """The issuer's page: ask, then send the payer back where they came from.

        https://docs.stripe.com/payments/3d-secure/authentication-flow
        """
        nonce = request.path.removeprefix("/authenticate/")
        with self.engine.lock:
            tx = self.engine.transaction()
            waiting = tx.find("_authentication", nonce)
            intent = tx.find(waiting["kind"], waiting["intent"]) if waiting else None
            if waiting is None or intent is None:
                return _sentence("There is no such check.", 404)
            if request.method == "GET":
                return _question(intent, waiting["return_url"])
            outcome = parse_qs(request.body.decode(errors="replace")).get("outcome", [""])[0]
            try:
                intent = finish(tx, nonce, outcome)
            except ApiError as error:
                return _sentence(str(error), error.status)
            self.engine.commit(tx)
        if waiting["return_url"] is None:
            return _sentence("Thank you. You can close this page.", 200)
        return Response(303, b"", {"Location": came_back(intent, waiting["return_url"])})

    def _onboard(self, request: Request) -> Response:
        """The provider's own onboarding, in one question; the link serves once.

        https://docs.stripe.com/connect/hosted-onboarding
        """
        with self.engine.lock:
            tx = self.engine.transaction()
            link = tx.find(accounts.LINK, request.path.removeprefix("/onboarding/"))
            if link is None:
                return _sentence("There is no such link.", 404)
            if link["expires"] < tx.now:
                return Response(303, b"", {"Location": link["refresh_url"]})
            back = link["return_url"] or link["refresh_url"]
            if request.method == "GET":
                return _onboarding(back)
            if parse_qs(request.body.decode(errors="replace")).get("outcome") == ["complete"]:
                accounts.set_status(tx, link["account"], "active")
            tx.edit(accounts.LINK, link["id"])["expires"] = 0
            self.engine.commit(tx)
        return Response(303, b"", {"Location": back})


def came_back(intent: Obj, return_url: str) -> str:
    """The return address with what Stripe adds to it.

    https://docs.stripe.com/payments/save-and-reuse: this redirect is the only address of ours in
    which a client secret ever stands, and Stripe puts it there.
    """
    parts = urlsplit(return_url)
    kind = intent["object"]
    status = "succeeded" if intent["status"] == "succeeded" else "failed"
    added = {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": status,
    }
    query = [*parse_qsl(parts.query, keep_blank_values=True), *added.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _question(intent: Obj, return_url: str | None) -> Response:
    what = "You are saving a card; nothing is charged."
    if intent["object"] == "payment_intent":
        what = f"You are paying {intent['amount']} minor units of {intent['currency'].upper()}."
    body = Template((FILES / "authenticate.html").read_text()).substitute(what=escape(what))
    back = urlsplit(return_url or "")
    # Browsers hold the redirect that follows a form to the form's own policy.
    target = f"{back.scheme}://{back.netloc}" if back.netloc else ""
    return _page("Is this you?", body, form_action=f"'self' {target}".strip())


def _onboarding(back: str) -> Response:
    body = (FILES / "onboarding.html").read_text()
    target = urlsplit(back)
    return _page("Onboarding", body, form_action=f"'self' {target.scheme}://{target.netloc}")


def _sentence(text: str, status: int) -> Response:
    return _page("Bank check", f"<main><h1>{escape(text)}</h1></main>", status=status)


def _page(title: str, body: str, *, status: int = 200, form_action: str = "'none'") -> Response:
    html = Template((FILES / "page.html").read_text()).substitute(title=escape(title), body=body)
    policy = f"{STRICT}; form-action {form_action}; frame-ancestors 'none'"
    return _html(html, policy, status)


def _card_fields() -> Response:
    first = "\n".join(_card_button(card) for card in CARDS if card.token in SHOWN_FIRST)
    more = "\n".join(_card_button(card) for card in CARDS if card.token not in SHOWN_FIRST)
    html = Template((FILES / "card.html").read_text()).substitute(first=first, more=more)
    policy = f"{STRICT}; connect-src 'self'; form-action 'none'; frame-ancestors {HOSTS}"
    return _html(html, policy, 200)


def _card_button(card: TestCard) -> str:
    cvc = "1234" if card.brand == "amex" else "123"
    label = escape(card.label)
    return (
        f'<li><button type="button" data-number="{card.number}" data-cvc="{cvc}" '
        f'data-label="{label}">{label} <code>{card.number}</code></button></li>'
    )


def _html(html: str, policy: str, status: int) -> Response:
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Response(status, html.encode(), headers, "text/html; charset=utf-8")


def _asset(name: str) -> Response:
    path = FILES / name
    headers = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(200, path.read_bytes(), headers, f"{TYPES[path.suffix]}; charset=utf-8")
