"""Pages of the API's lists."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class Pages(PageNumberPagination):
    """``?page=2&page_size=50``: a page that is not there is 404, a size that is none is 400."""

    page_size = 50
    max_page_size = 100
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        """From 1 to the maximum; the reason where it is something else."""
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        if asked.isdecimal() and len(asked) < 4 and 1 <= int(asked) <= self.max_page_size:
            return int(asked)
        words = _("Write a whole number from 1 to %(most)s.") % {"most": self.max_page_size}
        raise ValidationError({"page_size": [words]})
