"""A desk: a page of several forms, each with its act, some of them for a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from budgeting.models import Cycle
from budgeting.services.errors import RefusedError
from budgeting.services.second_person import take_back
from civicfund import staff
from civicfund.audit.services import ApprovalError
from civicfund.people.requests import SignedInRequest

Act: TypeAlias = "Callable[[SignedInRequest, Cycle, Desk], HttpResponseBase | None]"
# A form's class, or what makes one that knows its cycle.
MakeForm: TypeAlias = Callable[..., forms.Form]
# By the name that a form is sent with. What begins with ``agree`` is a second person's act.
Acts: TypeAlias = Mapping[str, tuple[MakeForm, Act]]


class _Forms(dict[str, forms.Form]):
    """Forms by their acts; a blank one is made when it is first asked for."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def __missing__(self, name: str) -> forms.Form:
        if name not in self._desk.acts:
            raise KeyError(name)
        try:
            form = self[name] = self._desk.blank(name)
        except Exception as error:  # of which a template would make an empty form
            raise RuntimeError(f"The form of {name} cannot be made.") from error
        return form


class Desk:
    """A page of several forms, of which one was sent: the one whose act is named in ``act``."""

    def __init__(self, request: SignedInRequest, cycle: Cycle, acts: Acts) -> None:
        self.request, self.cycle, self.acts = request, cycle, acts
        self.name = request.POST.get("act", "") if request.method == "POST" else ""
        self.forms = _Forms(self)
        if self.name in acts:
            self.forms[self.name] = self._sent(acts[self.name][0])
        self.report: Any = None
        # What an act has to show in its answer, and nowhere else.
        self.told: Any = None
        self.status = 200

    def blank(self, name: str) -> forms.Form:
        """An act's form as it is before anything is filled in."""
        return self.acts[name][0](auto_id=f"{name}-%s")

    def _sent(self, form: MakeForm) -> forms.Form:
        return form(self.request.POST, self.request.FILES, auto_id=f"{self.name}-%s")

    def act(self) -> HttpResponseBase | None:
        """Do what was sent; None where the page is to be shown, with what is wrong.

        A second person's act takes a second factor that was given just now.
        """
        if self.name not in self.acts:
            return None
        form, act = self.forms[self.name], self.acts[self.name][1]
        grave = self.name.startswith("agree")
        if grave and not staff.second_factor_is_recent(self.request):
            return staff.ask_for_second_factor(self.request)
        if form.is_valid():
            try:
                return act(self.request, self.cycle, self)
            except (RefusedError, ApprovalError) as refusal:
                field = getattr(refusal, "field", "")
                words = getattr(refusal, "each", None) or str(refusal)
                form.add_error(field if field in form.fields else None, words)
        self.status = 400
        return None

    @property
    def given(self) -> dict[str, Any]:
        """What was filled in, and is valid."""
        return self.forms[self.name].cleaned_data

    def context(self) -> dict[str, Any]:
        """For the template: every form by its act."""
        return {
            "cycle": self.cycle,
            "forms": self.forms,
            "told": self.told,
            "sent": self.forms.get(self.name),
        }


def back(request: SignedInRequest, page: str, cycle: Cycle, words: str) -> HttpResponse:
    """To the desk again, with what was done."""
    messages.success(request, words)
    return redirect(page, slug=cycle.slug)


def take_back_here(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    """Take back what one asked for, and see the same page again."""
    take_back(cycle, desk.given["asked"], by=request.user)
    messages.success(request, _("It is taken back: nobody can agree to it any more."))
    return redirect(request.path)
