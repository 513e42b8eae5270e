"""The pledges app."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig


class PledgesConfig(AppConfig):
    """Campaigns, what backers promise them, and how the promises are collected."""

    name = "civicfund.pledges"

    def ready(self) -> None:
        """Projects that people pledge for stay as they are, and wait for money that may go back;
        what was paid for stays with its proposer.

        No payout leaves while a law of pledges is broken.

        People talk about campaigns and answer their updates. How campaigns are moderated is
        public in counts.

        Whoever proves an address is given what was pledged with it.
        """
        # Only now are the models there.
        from allauth.account.signals import email_confirmed, user_logged_in  # noqa: PLC0415

        from civicfund.payouts.selectors import (  # noqa: PLC0415
            checked_before_paying,
            held_back_by,
            kept_back_by,
        )
        from civicfund.pledges.access import (  # noqa: PLC0415
            campaigns,
            campaigns_in,
            updates,
            updates_in,
        )
        from civicfund.pledges.selectors import (  # noqa: PLC0415
            ties_project,
            why_in_campaign,
            why_not_paid_yet,
        )
        from civicfund.pledges.selectors.laws import lasting  # noqa: PLC0415
        from civicfund.pledges.selectors.moderating import COUNTED  # noqa: PLC0415
        from civicfund.pledges.selectors.returning import may_go_back_minor  # noqa: PLC0415
        from civicfund.pledges.services.claiming import claim_pledges  # noqa: PLC0415
        from civicfund.projects.selectors import held_by, tied_by  # noqa: PLC0415
        from civicfund.talk.access import doors_to  # noqa: PLC0415
        from civicfund.talk.enums import SubjectKind  # noqa: PLC0415
        from civicfund.talk.selectors.desks import count_too  # noqa: PLC0415
        from civicfund.talk.selectors.moderation import lies_in  # noqa: PLC0415

        def claim(**told: Any) -> None:
            address = told.get("email_address")
            claim_pledges(address.user if address is not None else told["user"])

        email_confirmed.connect(claim, weak=False, dispatch_uid="pledges.claim.confirmed")
        user_logged_in.connect(claim, weak=False, dispatch_uid="pledges.claim.signed_in")
        doors_to(SubjectKind.CAMPAIGN, campaigns)
        doors_to(SubjectKind.UPDATE, updates)
        lies_in(SubjectKind.CAMPAIGN, campaigns_in)
        lies_in(SubjectKind.UPDATE, updates_in)
        count_too(COUNTED)
        held_by(why_in_campaign)
        tied_by(ties_project)
        held_back_by(why_not_paid_yet)
        kept_back_by(may_go_back_minor)
        checked_before_paying(lasting)
        self._say_what_is_held_and_told()

    def _say_what_is_held_and_told(self) -> None:
        """Of people; and that no mail tells of an update that is hidden by then."""
        from civicfund.notices.services import looked_at_again  # noqa: PLC0415
        from civicfund.pledges.services.letters import (  # noqa: PLC0415
            CORRECTION,
            UPDATE,
            update_as_it_is,
        )

        import_module("civicfund.pledges.held").declare()
        looked_at_again(update_as_it_is, UPDATE, CORRECTION)
