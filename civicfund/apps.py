"""Django's admin, with our site in the place of its own."""

from django.contrib.admin.apps import AdminConfig


class SecondFactorAdminConfig(AdminConfig):
    """Puts the site that asks for a second factor in the place of the default one."""

    default_site = "civicfund.admin_site.SecondFactorAdminSite"
