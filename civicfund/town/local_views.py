"""Pages of a local try-out."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from civicfund.fields import DayField
from civicfund.notices.selectors import KeptMail, kept_mail, kept_mails
from civicfund.town.demo.accounts import DOMAIN, PASSWORD

View = Callable[..., HttpResponseBase]


def only_while_debugging(view: View) -> View:
    """Not found anywhere but in a local try-out, even where the route is there by mistake."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@never_cache
@require_safe
@only_while_debugging
def mailbox(request: HttpRequest) -> HttpResponse:
    """Every mail that this try-out has sent, newest first."""
    return render(request, "local/mailbox.html", {"mails": kept_mails(_mail_folder())})


@never_cache
@require_safe
@csp_update({"frame-src": [SELF]})
@only_while_debugging
def mail(request: HttpRequest, file: str, number: int) -> HttpResponse:
    """One mail: its text, and its HTML in a frame of its own."""
    return render(request, "local/mail.html", {"mail": _mail_or_404(file, number)})


@never_cache
@require_safe
@xframe_options_sameorigin
@csp_replace(
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-top-navigation-by-user-activation"],
    }
)
@only_while_debugging
def mail_html(request: HttpRequest, file: str, number: int) -> HttpResponse:
    """A mail's HTML as a mail reader shows it: styles, no scripts, links that leave the frame."""
    return HttpResponse(f'<base target="_top">{_mail_or_404(file, number).html}')


def _mail_folder() -> Path:
    folder: str | None = getattr(settings, "EMAIL_FILE_PATH", None)
    if not folder:
        raise Http404("Mail is not kept in files here.")
    return Path(folder)


def _mail_or_404(file: str, number: int) -> KeptMail:
    found = kept_mail(_mail_folder(), file, number)
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
@only_while_debugging
def codes(request: HttpRequest) -> HttpResponse:
    """What an authenticator app would show now for the demo's labelled staff accounts."""
    factors = Authenticator.objects.filter(
        type=Authenticator.Type.TOTP,
        user__email__endswith=f"@{DOMAIN}",
        user__is_staff=True,
    ).select_related("user")
    step, into_step = divmod(int(time.time()), mfa_settings.TOTP_PERIOD)
    rows = [{"user": factor.user, "code": _code(factor, step)} for factor in factors]
    context = {
        "rows": rows,
        "password": PASSWORD,
        "seconds_left": mfa_settings.TOTP_PERIOD - into_step,
    }
    return render(request, "local/codes.html", context)


def _code(factor: Authenticator, step: int) -> str:
    return str(format_hotp_value(hotp_value(decrypt(factor.data["secret"]), step)))


class SampleForm(forms.Form):
    """Every kind of control that the site uses."""

    title = forms.CharField(label="Title", max_length=120, help_text="Say it in a few words.")
    goal = forms.IntegerField(label="Goal", min_value=1)
    story = forms.CharField(label="Story", widget=forms.Textarea, required=False)
    category = forms.ChoiceField(label="About", choices=[("", "Choose one"), ("a", "Green")])
    ends_on = DayField(label="Ends on")
    picture = forms.FileField(label="Picture", required=False)
    rule = forms.ChoiceField(
        label="Who decides?",
        choices=[("all", "Every resident"), ("near", "Residents of this neighborhood")],
        widget=forms.RadioSelect,
        help_text="It cannot be changed later.",
    )
    needs = forms.MultipleChoiceField(
        label="What it needs",
        choices=[("hands", "Hands"), ("tools", "Tools"), ("money", "Money")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agree = forms.BooleanField(label="I live in this town")


def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in its states, and one message of each kind."""
    for level in (messages.INFO, messages.SUCCESS, messages.WARNING, messages.ERROR):
        messages.add_message(request, level, "A message says what has just happened.")
    return render(request, "town/styleguide.html", _samples())


def _samples() -> dict[str, Any]:
    """What the components show on the style guide."""
    now = timezone.now()
    return {
        "form": SampleForm(),
        "refused_form": SampleForm({"refused-goal": "0"}, prefix="refused"),
        "soon": now + timedelta(minutes=4),
        "later": now + timedelta(days=12, hours=5),
        "past": now - timedelta(days=1),
        "steps": _steps(),
        "rows": _rows(),
        "columns": [{"label": str(h), "value": (h * 37) % 90, "tone": "good"} for h in range(24)],
        "shapes": _shapes(),
        "points": [{"latitude": 53.41, "longitude": -7.93, "name": "A bench", "url": "#maps"}],
        "page": Paginator(range(100), 10).page(4),
        "tones": ["draft", "submitted", "live", "funded", "declined", "cancelled"],
    }


def _steps() -> list[dict[str, str]]:
    return [
        {"label": "Ideas", "when": "1 to 30 April", "state": "done"},
        {"label": "Review", "when": "1 to 20 May", "state": "done"},
        {"label": "Vote", "when": "until 14 June, 18:00", "state": "now"},
        {"label": "Count", "when": "15 June", "state": "next"},
        {"label": "Results", "when": "20 June", "state": "next"},
    ]


def _rows() -> list[dict[str, Any]]:
    return [
        {"label": "Trees for Mill Lane", "value": 412, "display": "412 votes", "tone": "good"},
        {"label": "A warm room in the library", "value": 305, "display": "305 votes"},
        {
            "label": "Safe crossing at the school, with a longer name than fits in one line",
            "value": 118,
            "display": "118 votes",
            "tone": "muted",
        },
        {"label": "Fountain", "value": 0, "display": "no votes", "tone": "bad"},
    ]


def _shapes() -> dict[str, Any]:
    rings = {
        "Northbank": [[-7.96, 53.42], [-7.93, 53.435], [-7.92, 53.418], [-7.94, 53.41]],
        "Millside": [[-7.96, 53.42], [-7.94, 53.41], [-7.945, 53.395], [-7.97, 53.4]],
        "Harbor": [[-7.94, 53.41], [-7.92, 53.418], [-7.905, 53.4], [-7.945, 53.395]],
    }
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            "properties": {"name": name, "url": f"#{name}"},
        }
        for name, ring in rings.items()
    ]
    return {"type": "FeatureCollection", "features": features}
