"""The sandbox's keys when none are given. They open nothing but a sandbox on one's own machine."""

from __future__ import annotations

SECRET_KEY = "sk_test_civicfund_sandbox"  # noqa: S105 - public on purpose, see above
PUBLISHABLE_KEY = "pk_test_civicfund_sandbox"
WEBHOOK_SECRET = "whsec_civicfund_sandbox"  # noqa: S105 - public on purpose, see above
CONNECT_WEBHOOK_SECRET = "whsec_civicfund_sandbox_connect"  # noqa: S105 - as above
