"""Every page and call of the site, by room."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("civicfund.town.urls")),
    path("", include("civicfund.places.urls")),
    path("", include("civicfund.people.urls")),
    path("", include("civicfund.notices.urls")),
    path("", include("civicfund.projects.urls")),
    path("", include("civicfund.talk.urls")),
    path("", include("civicfund.complaints.urls")),
    path("", include("civicfund.delivery.urls")),
    path("", include("civicfund.payouts.urls")),
    path("", include("civicfund.pledges.urls")),
    path("", include("civicfund.reconciliation.urls")),
    path("payments/", include("civicfund.payments.urls")),
    path("", include("budgeting.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

if settings.DEBUG:
    urlpatterns.append(path("local/", include("civicfund.town.local_urls")))
