"""Forms of the desk where roles are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from civicfund.people.enums import Role
from civicfund.people.models import RoleGrant, User

_FOUND = "people.found-for-role"
_FOUND_SECONDS = 30 * 60


class FindPersonForm(forms.Form):
    """Who is to be given a role: the whole address, or words of the name."""

    who = forms.CharField(
        label=_("Their name or e-mail address"),
        min_length=2,
        max_length=254,
        help_text=_("The whole address of their account, or the name or a part of it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AskForRoleForm(forms.Form):
    """Which of the people who were found is to be given which role."""

    # Signed: who was found, so that nobody is chosen who was not looked up.
    found = forms.CharField(widget=forms.HiddenInput)
    person = forms.TypedChoiceField(label=_("Who is it?"), coerce=int, widget=forms.RadioSelect)
    role = forms.ChoiceField(
        label=_("Role"), choices=[("", _("Choose a role")), *Role.choices],
        help_text=_("What it opens is listed under “My desks” of whoever holds it."),
    )  # fmt: skip

    def __init__(self, people: Sequence[User], data: QueryDict | None = None, **more: Any) -> None:
        super().__init__(data, **more)
        self.people = {person.pk: person for person in people}
        held = _roles_of_each(people)
        self.fields["person"].choices = [  # type: ignore[attr-defined]  # of a choice
            (person.pk, _named(person, held.get(person.pk, ()))) for person in people
        ]

    @classmethod
    def of(cls, people: Sequence[User], *, by: User) -> AskForRoleForm:
        """For the people whom a superuser has just looked up; one alone is chosen already."""
        found = signing.dumps([by.pk, [person.pk for person in people]], salt=_FOUND)
        chosen = people[0].pk if len(people) == 1 else None
        return cls(people, initial={"found": found, "person": chosen})

    @classmethod
    def sent(cls, data: QueryDict, *, by: User) -> AskForRoleForm | None:
        """As this superuser sent it; None where they have looked nobody up a while ago."""
        try:
            officer, found = signing.loads(
                data.get("found", ""), salt=_FOUND, max_age=_FOUND_SECONDS
            )
        except signing.BadSignature:
            return None
        if officer != by.pk:
            return None
        return cls(list(User.objects.filter(pk__in=found).order_by("display_name", "pk")), data)


def _roles_of_each(people: Sequence[User]) -> dict[int, list[str]]:
    held: dict[int, list[str]] = {}
    rows = RoleGrant.objects.filter(user__in=people).order_by("role")
    for person, role in rows.values_list("user", "role"):
        held.setdefault(person, []).append(str(Role(role).label))
    return held


def _named(person: User, roles: Sequence[str]) -> str:
    named = f"{person}, {person.email}"
    return f"{named} ({', '.join(roles)})" if roles else named
