"""Pages of a local try-out: only while DEBUG is on."""

from __future__ import annotations

from django.urls import path

from civicfund.town import local_views

urlpatterns = [
    path("styleguide/", local_views.styleguide, name="styleguide"),
    path("mail/", local_views.mailbox, name="local_mailbox"),
    path("mail/<slug:file>/<int:number>/", local_views.mail, name="local_mail"),
    path("mail/<slug:file>/<int:number>/html/", local_views.mail_html, name="local_mail_html"),
    path("codes/", local_views.codes, name="local_codes"),
]
