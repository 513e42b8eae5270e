"""The form in which an author adds a picture or a paper."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from civicfund.people.domain import LARGEST_BYTES


class FileForm(forms.Form):
    """A file, and what it shows."""

    file = forms.FileField(
        label=_("A picture or a PDF"),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(
            attrs={"accept": "image/jpeg,image/png,application/pdf,.jpg,.jpeg,.png,.pdf"}
        ),
        help_text=_("JPEG, PNG or PDF, up to %(mib)s MiB. Ask people whom it shows.")
        % {"mib": LARGEST_BYTES // 2**20},
    )
    words = forms.CharField(
        label=_("What it shows"),
        max_length=200,
        help_text=_("In a sentence, for those who cannot see it."),
    )

    @property
    def content(self) -> bytes:
        """What was sent; of one too large only its beginning was kept."""
        content: bytes = self.cleaned_data["file"].read()
        return content
