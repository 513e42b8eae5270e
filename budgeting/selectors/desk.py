"""Where a cycle stands: what it needs before it opens, and which acts of two people it has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from budgeting.domain.bundle import LEAST_BALLOTS
from budgeting.domain.trustee import PARTS
from budgeting.enums import ACT_WORDS, AskedStanding, PhaseKind
from budgeting.models import Cycle, Pot, Rehearsal, TrusteeKey
from budgeting.selectors.appropriations import set_aside_for
from budgeting.selectors.asked import requests_on, standing_of
from budgeting.selectors.reviews import next_verdicts, why_verdicts_wait
from budgeting.selectors.roll import eligibility_of
from budgeting.selectors.timeline import timeline_warnings
from budgeting.selectors.trustees import key_of
from budgeting.templatetags.budgeting import rule_words
from civicfund.audit.models import ActRequest
from civicfund.audit.services import db_now
from civicfund.moments import moment
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.selectors import people_with
from civicfund.places.enums import PlaceKind
from civicfund.templatetags.money import money


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do before a cycle opens, or its voting begins, and the page that does it.

    ``needed``: without it the cycle does not open; else it is for whoever opens it to judge.
    Voting begins all the same.
    """

    label: str
    done: bool
    found: str
    address: str
    needed: bool = True


def readiness(cycle: Cycle, now: datetime, wrong: Sequence[Pot] = ()) -> list[Step]:
    """What a draft needs before it can open, in the order in which it is made.

    ``wrong`` are the pots that do not fit its ballots.
    """
    given = key_of(cycle)
    return [
        _rules(cycle),
        _phases(cycle, now),
        _pots(cycle, wrong),
        _money(cycle),
        _reviewers(cycle),
        *_verdicts(cycle, now),
        _options(cycle),
        _who(cycle),
        _roll(cycle),
        _key(cycle, given),
        _rehearsals(cycle, given),
    ]


def _rules(cycle: Cycle) -> Step:
    found = f"{cycle.get_ballot_kind_display()}. {rule_words(cycle.rule)}."
    return Step(_("Title and rules"), True, found, reverse("cycle_rules", args=[cycle.slug]))


def _phases(cycle: Cycle, now: datetime) -> Step:
    voting = cycle.voting
    found = _("There is no voting phase.")
    if voting is not None:
        found = _("Voting from %(start)s to %(end)s.") % {
            "start": moment(voting.starts_at),
            "end": moment(voting.ends_at),
        }
    warnings = len(timeline_warnings(list(cycle.phases.all()), settings.PUBLIC_HOLIDAYS))
    if warnings:
        words = ngettext(
            "%(n)s thing to think twice about.", "%(n)s things to think twice about.", warnings
        )
        found = f"{found} {words % {'n': warnings}}"
    done = voting is not None and voting.ends_at > now
    return Step(_("Phases"), done, found, reverse("timeline", args=[cycle.slug]))


def _pots(cycle: Cycle, wrong: Sequence[Pot]) -> Step:
    number = cycle.pots.count()
    found = ngettext("%(n)s pot of money.", "%(n)s pots of money.", number) % {"n": number}
    if wrong:
        named = ", ".join(pot.name for pot in wrong)
        found += " " + _("To be corrected for such ballots: %(pots)s.") % {"pots": named}
    address = reverse("pots", args=[cycle.slug])
    return Step(_("Pots"), number > 0 and not wrong, found, address)


def _money(cycle: Cycle) -> Step:
    """Whether the books know of the money: a vote can be held without, and says so."""
    found, address = set_aside_for(cycle), reverse("cycle_money", args=[cycle.slug])
    if found.aside_minor is None:
        words = _("Money not in the books: treasurers have set nothing aside for this vote.")
        return Step(_("Money"), False, words, address, needed=False)
    words = _("%(aside)s is set aside, the pots take %(pots)s.") % {
        "aside": money(found.aside_minor, cycle.currency),
        "pots": money(found.pots_minor, cycle.currency),
    }
    return Step(_("Money"), found.is_enough, words, address)


def _reviewers(cycle: Cycle) -> Step:
    """Where residents will propose, somebody has to look at it."""
    proposing = any(phase.kind == PhaseKind.PROPOSING for phase in cycle.phases.all())
    rules = cycle.reviewer_rules.filter(reviewer__in=people_with(Role.REVIEWER))
    number = rules.values("reviewer").distinct().count()
    words = ngettext("Rules name %(n)s reviewer.", "Rules name %(n)s reviewers.", number)
    found = words % {"n": number}
    if not number:
        found = _("No rule says who reviews what; any reviewer may take a proposal.")
    done = number > 0 or not proposing
    return Step(_("Reviewers"), done, found, reverse("reviews", args=[cycle.slug]), needed=False)


def _verdicts(cycle: Cycle, now: datetime) -> list[Step]:
    """Where an instant was set: opened, the cycle announces it, and it has to leave time."""
    verdicts = next_verdicts(cycle)
    if verdicts is None:
        return []
    found = _("Public on %(at)s; appeals are taken until %(until)s.") % {
        "at": moment(verdicts.at),
        "until": moment(verdicts.appeals_until),
    }
    wrong = why_verdicts_wait(cycle, now)
    found = f"{found} {wrong}".strip()
    return [Step(_("Verdicts"), not wrong, found, reverse("reviews", args=[cycle.slug]))]


def _options(cycle: Cycle) -> Step:
    pots = cycle.pots.annotate(listed=Count("options"))
    listed = sum(pot.listed for pot in pots)
    empty = [pot.name for pot in pots if not pot.listed]
    words = ngettext("%(n)s project on the ballot.", "%(n)s projects on the ballot.", listed)
    found = words % {"n": listed}
    if empty:
        found += " " + _("None yet for: %(pots)s.") % {"pots": ", ".join(empty)}
    address = reverse("ballot_desk", args=[cycle.slug])
    return Step(_("Options"), listed > 0 and not empty, found, address, needed=False)


def _who(cycle: Cycle) -> Step:
    said = eligibility_of(cycle)
    found = _("Nobody has said who may vote.")
    if said is not None:
        found = _("Version %(n)s holds.") % {"n": said.version}
    address = reverse("roll_desk", args=[cycle.slug])
    return Step(_("Who may vote"), said is not None, found, address, needed=False)


def _roll(cycle: Cycle) -> Step:
    lines = cycle.roll.count()
    words = ngettext("%(n)s person is on the roll.", "%(n)s people are on the roll.", lines)
    address = reverse("roll_desk", args=[cycle.slug])
    return Step(_("Voter roll"), lines > 0, words % {"n": lines}, address, needed=False)


def _key(cycle: Cycle, given: TrusteeKey | None) -> Step:
    people = [each.name for each in given.trustees.all()] if given else []
    found = _("The trustees gave no key yet.")
    if given is not None:
        found = _("The public key is here, and nobody has said who the trustees are.")
    if people:
        found = _("The public key of %(names)s is here.") % {"names": ", ".join(people)}
    address = reverse("cycle_key", args=[cycle.slug])
    return Step(_("Key of the vote"), len(people) == PARTS, found, address)


def _rehearsals(cycle: Cycle, given: TrusteeKey | None) -> Step:
    passed = Rehearsal.objects.filter(key=given, passed_at__isnull=False).count() if given else 0
    found = _("Of the three pairs of trustees, %(n)s opened their test box.") % {"n": passed}
    return Step(_("Rehearsal"), passed == 3, found, reverse("cycle_key", args=[cycle.slug]))


def small_pots(cycle: Cycle) -> list[Pot]:
    """Pots in which so few may vote that their ballots will never be published.

    Others may still end so; what is known before the vote is only who is on the roll.
    """
    voters: Counter[int | None] = Counter()
    rows = cycle.roll.values_list("place", "place__parent").annotate(lines=Count("pk"))
    for place, district, lines in rows.order_by():
        voters.update({place: lines, district: lines, None: lines})
    pots = cycle.pots.select_related("place")
    return [pot for pot in pots if voters[_reach(pot)] < LEAST_BALLOTS]


def _reach(pot: Pot) -> int | None:
    """The place whose residents decide; None for everybody."""
    everybody = pot.place is None or pot.place.kind == PlaceKind.CITY
    return None if everybody else pot.place_id


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """An act that somebody asked for; ``agreed_by`` is None while nobody has agreed.

    ``until`` is when it lapses or has lapsed; None for what is agreed to.
    """

    asked_id: int
    words: str
    asked_by: User
    asked_at: datetime
    agreed_by: User | None
    agreed_at: datetime | None
    standing: AskedStanding
    until: datetime | None

    @property
    def waits(self) -> bool:
        """Whether a second person can agree to it now."""
        return self.standing == AskedStanding.WAITING


def acts_of_two(cycle: Cycle) -> list[TwoPeople]:
    """Who asked for what on the cycle and who agreed, the newest first."""
    now = db_now()
    prefetch_related_objects([cycle], "phases")
    return [_two(each, standing_of(each, cycle, now)) for each in requests_on(cycle)]


def _two(asked: ActRequest, standing: AskedStanding) -> TwoPeople:
    approval = getattr(asked, "approval", None)
    return TwoPeople(
        asked_id=asked.pk,
        words=str(ACT_WORDS.get(asked.act, asked.act)),
        asked_by=asked.requested_by,
        asked_at=asked.at,
        agreed_by=approval.approved_by if approval else None,
        agreed_at=approval.at if approval else None,
        standing=standing,
        until=None if approval else asked.lapses_at,
    )
