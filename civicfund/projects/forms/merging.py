"""Forms in which two projects become one, and two again."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.projects.models import Project


class ProjectByNumberField(forms.CharField):
    """A public project, by its number or the address of its page."""

    def clean(self, value: object) -> Project | None:
        """The project."""
        text = super().clean(value)
        found = re.search(r"(?:^|/projects/)([0-9]{1,15})/?$", text)
        project = Project.objects.listed().filter(pk=int(found[1])).first() if found else None
        if text and project is None:
            raise forms.ValidationError(_("There is no such project on the list."))
        return project


def _why() -> forms.CharField:
    return forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class AskToMergeForm(forms.Form):
    """The other project, which of the two stays, and why."""

    into = ProjectByNumberField(
        label=_("The other project"),
        max_length=200,
        help_text=_("Its number, or the address of its page."),
    )
    stays = forms.ChoiceField(
        label=_("Which of the two stays"),
        choices=[("other", _("The other project")), ("this", _("This project"))],
        widget=forms.RadioSelect,
        initial="other",
    )
    reason = _why()


class ModeratorMergeForm(forms.Form):
    """Two projects that are one, and why."""

    project = ProjectByNumberField(label=_("This project"), max_length=200)
    into = ProjectByNumberField(label=_("becomes part of"), max_length=200)
    reason = _why()


class UndoForm(forms.Form):
    """Why a merge is undone."""

    reason = _why()
