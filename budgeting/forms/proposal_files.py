"""A file of proposals: to be looked through, and brought again to be entered."""

from __future__ import annotations

from typing import IO

from django import forms
from django.utils.translation import gettext_lazy as _

from budgeting.forms.roll import CheckedForm
from budgeting.services.proposal_files import MOST_BYTES


class ProposalFileForm(forms.Form):
    """A file of proposals. It is read, and not kept."""

    file = forms.FileField(
        label=_("The file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"})
    )

    def clean_file(self) -> IO[bytes]:
        """No larger than what is read at once; the page says what to do with more."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                _("The file is larger than 5 MB: bring it in parts, each with the first line.")
            )
        return file  # type: ignore[no-any-return]  # what Django's field gives


class CheckedFileForm(ProposalFileForm, CheckedForm):
    """The file that was looked through, once more."""

    field_order = ("file", "checked")
