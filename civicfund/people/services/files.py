"""What people are told of a file that is not taken."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from civicfund.people.domain import LARGEST_BYTES, Unfit, UnfitError

_UNFIT = {
    Unfit.EMPTY: gettext_lazy("The file is empty."),
    Unfit.TOO_LARGE: gettext_lazy("The file is larger than %(mib)s MiB."),
    Unfit.UNKNOWN_KIND: gettext_lazy("Send a picture (JPEG or PNG) or a PDF."),
    Unfit.TOO_MANY_PIXELS: gettext_lazy("The picture has too many pixels: make it smaller."),
    Unfit.BROKEN_PICTURE: gettext_lazy("This picture cannot be read."),
    Unfit.BROKEN_PDF: gettext_lazy("This PDF cannot be read: it does not end as one."),
    Unfit.MORE_THAN_PAGES: gettext_lazy(
        "This PDF holds more than pages, or is locked. Send a picture of the page instead."
    ),
}


def why_unfit(error: UnfitError) -> str:
    """What is wrong with what was sent, in words for its sender."""
    return str(_UNFIT[error.why]) % {"mib": LARGEST_BYTES // 2**20}
