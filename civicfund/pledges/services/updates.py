"""What the team of a campaign tells about it, and corrects."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _

from civicfund.audit.services import record
from civicfund.people.models import User
from civicfund.pledges.access import is_of_team, may_correct
from civicfund.pledges.enums import Audience, CampaignState
from civicfund.pledges.models import Campaign, CampaignUpdate
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.locks import campaign_to_move
from civicfund.projects.selectors.writing import why_silent
from civicfund.talk.enums import SubjectKind
from civicfund.talk.models import Comment
from civicfund.talk.services import TalkError, begin_thread, correct_words
from civicfund.words import one_line


def publish_update(
    campaign: Campaign, *, by: User, title: str, body: str, audience: Audience
) -> CampaignUpdate:
    """Tell backers, or everybody, what is new; a sweep writes to them. Raises ``RefusedError``."""
    named = one_line(title)
    if not named:
        raise RefusedError(_("Give it a title."), field="title")
    with transaction.atomic():
        held = campaign_to_move(campaign.pk)  # so that two at once have two numbers
        check_may_write(held, by)
        pk = _next_id()
        update = CampaignUpdate.objects.create(
            pk=pk,
            campaign=held,
            number=held.updates.count() + 1,
            title=named,
            audience=audience,
            words=_words(pk, by=by, body=body),
        )
        record("campaign_update.published", update, actor=by, campaign=held.pk, audience=audience)
    update.refresh_from_db()
    return update


def check_may_write(campaign: Campaign, by: User) -> None:
    """Raise ``RefusedError`` for who is not of its team, before it has started, while moderators
    have stopped it, and where they keep whoever is of the team from writing. The creator owes news
    to backers, and goes on.
    """
    if not is_of_team(by, campaign):
        raise RefusedError(_("Only those who run the campaign or write its project can do this."))
    if campaign.live_at is None:
        raise RefusedError(_("Updates begin once the campaign has started."))
    if campaign.state == CampaignState.SUSPENDED:
        raise RefusedError(_("The campaign is suspended: there are no updates until it goes on."))
    if campaign.creator_id != by.pk and (silent := why_silent(by)):
        raise RefusedError(silent)


def correct_update(update: CampaignUpdate, *, by: User, body: str) -> Comment:
    """Say below an update of one's own or of one's campaign what is to be corrected in it; the
    update itself stays as it is. Raises ``RefusedError``.
    """
    if not may_correct(by, update):
        words = _(
            "Only who runs the campaign, or wrote the update and is of its team, corrects it."
        )
        raise RefusedError(words)
    try:
        return correct_words(update.words, by=by, body=body)
    except TalkError as refusal:
        raise RefusedError(str(refusal), field="body") from refusal


def _words(pk: int, *, by: User, body: str) -> Comment:
    try:
        return begin_thread(SubjectKind.UPDATE, pk, by=by, body=body)
    except TalkError as refusal:
        raise RefusedError(str(refusal), field="body") from refusal


def _next_id() -> int:
    """The id of an update to be: its thread names it, and an update is never changed."""
    table = CampaignUpdate._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])
