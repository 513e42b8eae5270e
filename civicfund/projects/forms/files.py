"""The form in which an author adds a picture or a paper."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.people.domain import LARGEST_BYTES


def paper_field(*, required: bool = True) -> forms.FileField:
    """A picture or a paper."""
    return forms.FileField(
        label=_("A picture or a PDF"),
        required=required,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(
            attrs={"accept": "image/jpeg,image/png,application/pdf,.jpg,.jpeg,.png,.pdf"}
        ),
        help_text=_("JPEG, PNG or PDF, up to %(mib)s MiB. Ask people whom it shows.")
        % {"mib": LARGEST_BYTES // 2**20},
    )


def shows_field(*, required: bool = True) -> forms.CharField:
    """What it shows, in words."""
    return forms.CharField(
        label=_("What it shows"),
        required=required,
        max_length=200,
        help_text=_("In a sentence, for those who cannot see it."),
    )


class FileForm(forms.Form):
    """A file, and what it shows."""

    file, words = paper_field(), shows_field()

    @property
    def content(self) -> bytes:
        """What was sent; of one too large only its beginning was kept."""
        content: bytes = self.cleaned_data["file"].read()
        return content


class WordsForm(forms.Form):
    """What a file that is there already shows."""

    words = shows_field()
