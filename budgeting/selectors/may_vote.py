"""May I vote here, and if not, why not: the first reason, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from budgeting.enums import CycleState, RollSource, VoterGroup
from budgeting.models import CheckIn, Cycle, Eligibility, RollEntry
from budgeting.selectors.roll import eligibility_of, is_of_homes, voting_places
from civicfund.moments import moment
from civicfund.people.models import Residency, User
from civicfund.people.selectors import old_enough, residency_of
from civicfund.places.models import Neighborhood


@dataclass(frozen=True, slots=True)
class MayVote:
    """Whether somebody may vote here; where not, why.

    ``to_confirm``: their home has to be confirmed first. ``grows``: the roll still takes people.
    """

    entry: RollEntry | None
    why: str
    home: Neighborhood | None = None
    to_confirm: bool = False
    grows: bool = False

    @property
    def yes(self) -> bool:
        """On the roll, and nothing is in the way."""
        return self.entry is not None and not self.why


def may_vote(
    cycle: Cycle, user: User | AnonymousUser, entry: RollEntry | None, now: datetime
) -> MayVote:
    """For whoever looks at the page: yes, or the first reason why not."""
    ends_at = cycle.voting_ends_at
    over = cycle.state not in (CycleState.DRAFT, CycleState.OPEN)
    if over or (ends_at is not None and now >= ends_at):
        return MayVote(entry, _("Voting is over."))
    if entry is not None:
        return MayVote(entry, _why_no_more(entry))
    if not user.is_authenticated:
        words = _("We do not know who you are: sign in, or use a code from a letter.")
        return MayVote(None, words, grows=True)
    home, said = residency_of(user), eligibility_of(cycle)
    place = home.neighborhood if home else None
    why = (
        _why_not_home(home)
        or _why_not_rule(said, place)
        or _why_not_confirmed(home)
        or _why_not_on_roll(cycle, said, home)
    )
    to_confirm = home is not None and home.proved_at is None
    return MayVote(None, why, place, to_confirm, grows=True)


def _why_no_more(entry: RollEntry) -> str:
    """A check-in at a polling place is final; any other vote can be changed."""
    paper = CheckIn.objects.filter(participation__roll_entry=entry).first()
    if paper is None:
        return ""
    return _(
        "You were checked in at a polling place on %(at)s and vote on paper there. That is final."
    ) % {"at": moment(paper.at)}


def _why_not_home(home: Residency | None) -> str:
    return "" if home else _("You have not told us where you live.")


def _why_not_rule(said: Eligibility | None, place: Neighborhood | None) -> str:
    """Whom the rule leaves out: by place, or because it is not for residents at all."""
    if said is None or place is None:
        return ""
    if VoterGroup.RESIDENT not in said.groups:
        groups = " / ".join(str(VoterGroup(group).label) for group in said.groups)
        return _(
            "This vote is for %(groups)s. Living here is not enough, and the other we do not know"
            " from an account: show it to a poll officer."
        ) % {"groups": groups}
    if place.pk not in {each.pk for each in voting_places(said)}:
        places = ", ".join(str(each) for each in said.places.all())
        return _("This vote is for people in %(places)s; your home is in %(place)s.") % {
            "places": places,
            "place": place,
        }
    return ""


def _why_not_confirmed(home: Residency | None) -> str:
    if home is None or home.proved_at is not None:
        return ""
    return _("Your home in %(place)s is not confirmed.") % {"place": home.neighborhood}


def _why_not_on_roll(cycle: Cycle, said: Eligibility | None, home: Residency | None) -> str:
    """A confirmed home, and yet not on the roll: too late, too young, or left out."""
    if home is None:
        return ""
    if cycle.state == CycleState.DRAFT:
        return _("The roll is still being made.")
    words = _("Your home in %(place)s is confirmed, but you are not on the roll of this cycle.")
    reasons = [words % {"place": home.neighborhood}]
    late = _why_late(cycle, home)
    if late:
        reasons.append(late)
    if said is not None and said.minimum_age:
        age = {"age": said.minimum_age, "day": date_format(said.age_on, "j F Y")}
        reasons.append(_why_age(cycle, said, home) % age)
    return " ".join(reason for reason in reasons if reason)


def _why_age(cycle: Cycle, said: Eligibility, home: Residency) -> str:
    """What their age may have to do with it; nothing where papers showed that they are so old."""
    if is_of_homes(cycle) is False:
        return _(
            "It is for people who are %(age)s or older on %(day)s. We keep no dates of birth,"
            " so whether that is why, a poll officer can tell."
        )
    shown = Residency.objects.filter(pk=home.pk)
    if old_enough(shown, said.minimum_age, said.age_on).exists():
        return ""
    return _(
        "It is for people who are %(age)s or older on %(day)s, and no papers have shown us that you"
        " are. We keep no dates of birth: show a poll officer your papers, who notes only that you"
        " are old enough."
    )


def _why_late(cycle: Cycle, home: Residency) -> str:
    """Whether the home came after the roll took in confirmed homes."""
    batch = (
        cycle.roll_batches.filter(source=RollSource.RESIDENCIES)
        .select_related("approval__request")
        .order_by("-pk")
        .first()
    )
    if batch is None or home.proved_at is None:
        return ""
    parameters: dict[str, Any] = batch.approval.request.parameters
    day = date.fromisoformat(parameters["day"])
    taken_in = datetime.fromisoformat(parameters.get("confirmed_by", batch.at.isoformat()))
    if home.proved_at > taken_in or home.since > day:
        return _("The roll took in confirmed homes on %(at)s, as of %(day)s; yours came later.") % {
            "at": moment(taken_in),
            "day": date_format(day, "j F Y"),
        }
    return ""
