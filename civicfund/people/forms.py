"""Forms about people."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from civicfund.people.models import User


class SignupForm(forms.Form):
    """What sign-up asks besides e-mail and password."""

    display_name = forms.CharField(
        label=_("Your name"), max_length=80, help_text=_("Others see this name.")
    )
    field_order = ["display_name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Keep what was asked; allauth calls this once the account exists."""
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])
