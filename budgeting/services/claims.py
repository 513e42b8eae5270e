"""What came of a claim with a code from a letter, and how a newer letter ends it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from django.urls import reverse

from budgeting.models import Cycle, PostedCode, RollEntry, StartedBallot
from budgeting.selectors import eligibility_of
from civicfund.audit.models import Event
from civicfund.audit.services import record
from civicfund.notices.services import Letter, tell_all
from civicfund.people.domain import years_before
from civicfund.people.models import Residency, User
from civicfund.people.selectors import residency_of
from civicfund.people.services import prove_by_post, take_back_post

CLAIM_ENDED = "claim_ended"


def confirm_home(entry: RollEntry, by: User) -> Residency | None:
    """Where somebody said that they live where the roll has them, that is confirmed by a letter.

    The home that was confirmed now, if any.
    """
    home = residency_of(by)
    if home is None or home.proved_at is not None or home.neighborhood_id != entry.place_id:
        return None
    return prove_by_post(home, born_by=_born_by(entry.cycle))


def _born_by(cycle: Cycle) -> date | None:
    """By when everybody is born who was sent a letter: a file is held against the youngest age."""
    said = eligibility_of(cycle)
    return years_before(said.age_on, said.minimum_age) if said and said.minimum_age else None


def end_claims(cycle: Cycle, codes: Collection[PostedCode], *, by: User) -> None:
    """Accounts that claimed their lines with codes before these newer ones vote as them no more.

    Else whoever opened somebody's letter would keep their vote, whatever letter came after. The
    caller holds the cycle, so that nobody claims meanwhile. Each account is told.
    """
    claimed = [code for code in codes if code.entry.claimed_by_id is not None]
    entries = {code.entry.pk: code.entry for code in claimed}
    people = User.objects.in_bulk({entry.claimed_by_id for entry in entries.values()})
    homes = _homes_of(entries)
    RollEntry.objects.filter(pk__in=entries).update(claimed_by=None)
    StartedBallot.objects.filter(cycle=cycle, user__in=people).delete()
    letters = []
    for code in claimed:
        person, home = people[code.entry.claimed_by_id], homes.get(code.entry.pk)
        ended = home is not None and take_back_post(home, by=by)
        record("roll_entry.let_go", code.entry, actor=by)
        letters.append(Letter(person, code, _said(cycle, home if ended else None)))
    tell_all(CLAIM_ENDED, letters)


def _homes_of(entries: Mapping[int, RollEntry]) -> dict[int, Residency]:
    """The home that each line's account had confirmed by claiming it; left out where none was."""
    claims = Event.objects.filter(
        verb="roll_entry.claimed",
        target_type=RollEntry._meta.label_lower,
        target_id__in=[str(pk) for pk in entries],
    )
    # The last claim of a line is the one that stands.
    said = {int(event.target_id): event.data.get("home") for event in claims.order_by("pk")}
    kept = Residency.objects.select_related("neighborhood").in_bulk(
        [home for home in said.values() if home]
    )
    homes = {pk: kept[home] for pk, home in said.items() if home in kept}
    return {pk: home for pk, home in homes.items() if home.user_id == entries[pk].claimed_by_id}


def _said(cycle: Cycle, home: Residency | None) -> dict[str, str]:
    return {
        "cycle": cycle.title,
        "home": home.neighborhood.name if home else "",
        "code_url": reverse("voting_code", args=[cycle.slug]),
    }
