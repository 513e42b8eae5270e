"""What people complain of, and what is answered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from civicfund.complaints.enums import Concern
from civicfund.complaints.models import LONGEST
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with


def _words(label: Any, help_text: Any = "", rows: int = 6) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=LONGEST, widget=widget, help_text=help_text)


class ComplaintForm(forms.Form):
    """What is wrong, and where an answer goes."""

    about = forms.ChoiceField(
        label=_("What is it about?"), choices=Concern.choices, widget=forms.RadioSelect
    )
    page = forms.CharField(
        label=_("Which page or decision?"),
        required=False,
        max_length=300,
        help_text=_("Its address or its title, if there is one."),
    )
    whom = forms.CharField(
        label=_("Is it about somebody who works for the town? Their name"),
        required=False,
        max_length=80,
        help_text=_("Should they answer complaints themselves, they do not see this one."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    words = _words(_("What is wrong?"), rows=8)
    answer_to = forms.EmailField(
        label=_("Your e-mail address"),
        required=False,
        help_text=_("For the answer. Without it you see the answer only by the link you get next."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *given: Any, user: User | AnonymousUser, **named: Any) -> None:
        super().__init__(*given, **named)
        if user.is_authenticated:
            self.fields["answer_to"].initial = user.email


class AgainForm(forms.Form):
    """Why an answer does not settle it."""

    words = _words(
        _("What did the answer miss?"), _("Somebody else than the first time looks at it."), 5
    )


class AnswerForm(forms.Form):
    """What the town answers."""

    words = _words(_("The answer"), _("It goes to whoever complained, by mail, with no name."))


class NoteForm(forms.Form):
    """What stays among those who answer."""

    words = _words(_("Note"), _("Whoever complained does not read this."), 3)


class NameForm(forms.Form):
    """Whom it is about, of those who answer."""

    person = forms.ModelChoiceField(
        label=_("This complaint is about"),
        queryset=User.objects.none(),
        empty_label=_("Choose somebody"),
        help_text=_("They do not see it any more. Name yourself where you are too close to it."),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["person"].queryset = people_with(Role.COMPLAINTS_OFFICER)  # type: ignore[attr-defined]
