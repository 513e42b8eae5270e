"""A cycle from nothing, from a template or from an earlier one, and its draft put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.timezone import localtime, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgeting.access import require
from budgeting.domain.rules import RULES
from budgeting.enums import BallotKind, PhaseKind, SupportsFrom, TieOrder, VoterGroup
from budgeting.models import Cycle, Phase, Pot, ReviewerRule, ReviewPlan
from budgeting.selectors import eligibility_of
from budgeting.services.cycles import add_phase, add_pot, create_cycle
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take_draft
from budgeting.services.roll import set_eligibility
from budgeting.services.rules import (
    check_rule,
    limits_of,
    limits_of_use,
    pot_limits,
    usual_parameters,
)
from budgeting.services.supports import count_supports_from, need_supports
from civicfund.audit.services import record
from civicfund.money import split
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood

# What the form for a new cycle asks of a rule beside its name; empty: as is usual for the rule.
PARAMETERS = ("minimum_support", "start", "increment_minor", "stop")
# The hour at which phases of a template begin and end, by the town's clock.
_HOUR = time(8)


@dataclass(frozen=True, slots=True)
class Template:
    """How a cycle may be held: its ballots, its rule, and for how many weeks each phase runs."""

    name: Promise
    ballot_kind: BallotKind
    rule: str
    weeks: tuple[tuple[PhaseKind, int], ...]
    # Whose supports count once a pot needs some: an account takes nothing but an address.
    supports_from: SupportsFrom = SupportsFrom.TOWN


TEMPLATES: dict[str, Template] = {
    "year": Template(
        gettext_lazy("Half a year: propose, review, support, tick projects; equal shares"),
        BallotKind.APPROVAL,
        "equal_shares_cost_add1",
        ((PhaseKind.INFORMING, 4), (PhaseKind.PROPOSING, 6), (PhaseKind.REVIEWING, 8),
         (PhaseKind.SUPPORTING, 2), (PhaseKind.BALLOTING, 3)),
    ),
    "quick": Template(
        gettext_lazy("Ten weeks: propose, review, then spend the budget on the ballot"),
        BallotKind.KNAPSACK,
        "greedy",
        ((PhaseKind.PROPOSING, 3), (PhaseKind.REVIEWING, 5), (PhaseKind.BALLOTING, 2)),
    ),
}  # fmt: skip


def prepare_cycle(given: Mapping[str, Any], *, by: User) -> Cycle:
    """A cycle from nothing, as the form for it was filled in."""
    named = dict(given)
    by_hand = {name: value for name in PARAMETERS if (value := named.pop(name)) not in (None, "")}
    rule = named["rule"]
    parameters = usual_parameters(rule, settings.CURRENCY) | _as_parameters(rule, by_hand)
    return create_cycle(by=by, rule_parameters=parameters, **named)


def rules_as_filled_in(cycle: Cycle) -> dict[str, Any]:
    """What the form shows of a draft; of parameters only those that are not as is usual."""
    defaults = RULES[cycle.rule].defaults
    usual = {**defaults, **usual_parameters(cycle.rule, cycle.currency)}
    held = {**defaults, **cycle.rule_parameters}
    if "increment_minor" not in cycle.rule_parameters:
        held.pop("increment_minor", None)
    shown = {name: value for name, value in held.items() if value != usual.get(name)}
    if "threshold" in shown:
        shown["minimum_support"] = shown.pop("threshold")
    words = ("title", "summary", "ballot_kind", "rule", "ties")
    return {name: getattr(cycle, name) for name in words} | shown


def change_rules(cycle: Cycle, given: Mapping[str, Any], *, by: User) -> Cycle:
    """Another title, sentence, kind of ballot, rule or ties for a draft, as they were filled in.

    Where the kind is another one, pots lose the limits that such ballots have no use for. What
    they lack then ``pots_to_correct`` tells; the cycle does not open before it is there.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    named = dict(given)
    by_hand = {name: value for name in PARAMETERS if (value := named.pop(name)) not in (None, "")}
    rule, kind = named["rule"], named["ballot_kind"]
    with transaction.atomic():
        held = take_draft(cycle)
        parameters = usual_parameters(rule, held.currency) | _kept_parameters(held, rule)
        parameters |= _as_parameters(rule, by_hand)
        check_rule(kind, rule, parameters)
        for pot in held.pots.all() if kind != held.ballot_kind else ():
            Pot.objects.filter(pk=pot.pk).update(**limits_of_use(kind, pot))
        Cycle.objects.filter(pk=held.pk).update(rule_parameters=parameters, **named)
        record("cycle.rules_changed", held, actor=by, kind=kind, method=rule, ties=named["ties"])
    return Cycle.objects.get(pk=cycle.pk)


def _kept_parameters(cycle: Cycle, rule: str) -> dict[str, Any]:
    """Parameters of a rule that stays, as far as no form asks for them."""
    if rule != cycle.rule:
        return {}
    asked = (*PARAMETERS, "threshold")
    return {name: value for name, value in cycle.rule_parameters.items() if name not in asked}


def _as_parameters(rule: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The least support goes by two names: votes for greedy rules, voters for the others."""
    named = dict(given)
    defaults = RULES[rule].defaults if rule in RULES else {}
    if "threshold" in defaults and "minimum_support" in named:
        named["threshold"] = named.pop("minimum_support")
    return named


def cycle_from_template(
    template: Template, *, slug: str, title: str, first_day: date, by: User
) -> Cycle:
    """A draft with the template's ballots, rule and phases, one after the other from a day on."""
    with transaction.atomic():
        cycle = create_cycle(
            by=by, slug=slug, title=title, ballot_kind=template.ballot_kind, rule=template.rule
        )
        count_supports_from(cycle, template.supports_from, by=by)
        cycle.refresh_from_db(fields=["supports_from"])
        day = first_day
        for kind, weeks in template.weeks:
            last = day + timedelta(weeks=weeks)
            add_phase(cycle, kind, starts_at=_at(day, _HOUR), ends_at=_at(last, _HOUR), by=by)
            day = last
    return cycle


def copy_cycle(source: Cycle, *, slug: str, title: str, first_day: date, by: User) -> Cycle:
    """A draft like an earlier cycle, its first phase beginning on another day.

    Copied are ballots, rule, phases at the same hours, pots with their money and limits, who may
    vote, and who reviews what. Not the projects, the people on the roll, nor the trustees' key.
    """
    if source.is_imported or source.currency != settings.CURRENCY:
        raise RefusedError(_("An election from elsewhere cannot be copied."), field="basis")
    days = first_day - _first_day(source)
    with transaction.atomic():
        cycle = create_cycle(
            by=by,
            slug=slug,
            title=title,
            summary=source.summary,
            ballot_kind=BallotKind(source.ballot_kind),
            rule=source.rule,
            rule_parameters=source.rule_parameters,
            ties=TieOrder(source.ties),
        )
        for phase in source.phases.all():
            moved = {name: _moved(getattr(phase, name), days) for name in ("starts_at", "ends_at")}
            add_phase(cycle, PhaseKind(phase.kind), by=by, **moved)
        count_supports_from(cycle, SupportsFrom(source.supports_from), by=by)
        _copy_pots(source, cycle, by)
        _copy_people(source, cycle, days, by)
        record("cycle.copied", cycle, actor=by, source=source.pk)
    return cycle


def _first_day(source: Cycle) -> date:
    first = source.phases.order_by("starts_at").first()
    if first is None:
        raise RefusedError(_("This cycle has no phases to copy."), field="basis")
    return localtime(first.starts_at).date()


def _at(day: date, hour: time) -> datetime:
    return make_aware(datetime.combine(day, hour))


def _moved(at: datetime, days: timedelta) -> datetime:
    """So many days later at the same hour of the town's clock, also where its summer time ends."""
    here = localtime(at)
    return _at(here.date() + days, here.time())


def _copy_pots(source: Cycle, cycle: Cycle, by: User) -> None:
    for pot in source.pots.select_related("place"):
        given = limits_of(pot)
        if pot.place is not None:
            made = add_pot(
                cycle, pot.place, name=pot.name, amount_minor=pot.amount_minor, by=by, **given
            )
            need_supports(cycle, pot.supports_needed, pots=[made], by=by)


def _copy_people(source: Cycle, cycle: Cycle, days: timedelta, by: User) -> None:
    said = eligibility_of(source)
    if said is not None:
        set_eligibility(
            cycle,
            minimum_age=said.minimum_age,
            age_on=said.age_on + days,
            groups=[VoterGroup(group) for group in said.groups],
            places=list(said.places.all()),
            by=by,
        )
    plan = ReviewPlan.objects.filter(cycle=source).first()
    if plan is not None:
        ReviewPlan.objects.create(cycle=cycle, second_above_minor=plan.second_above_minor)
    ReviewerRule.objects.bulk_create(
        ReviewerRule(
            cycle=cycle,
            reviewer_id=rule.reviewer_id,
            category=rule.category,
            place_id=rule.place_id,
        )
        for rule in source.reviewer_rules.filter(reviewer__role_grants__role=Role.REVIEWER)
    )


def set_phases(
    cycle: Cycle, windows: Sequence[tuple[PhaseKind, datetime, datetime]], *, by: User
) -> list[Phase]:
    """Put these phases in the place of all that a draft has; where one is refused, none changes."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        take_draft(cycle)
        cycle.phases.all().delete()
        made = [
            add_phase(cycle, kind, starts_at=starts_at, ends_at=ends_at, by=by)
            for kind, starts_at, ends_at in windows
        ]
        record("cycle.phases_set", cycle, actor=by, phases=len(made))
    return made


def change_pot(
    pot: Pot,
    *,
    name: str,
    amount_minor: int,
    by: User,
    supports_needed: int | None = None,
    limits: Mapping[str, Any] | None = None,
) -> Pot:
    """Give a pot of a draft another name and amount.

    Another need of supports and other limits of its ballots, as ``pot_limits`` takes them, where
    they are said.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        kind = take_draft(pot.cycle).ballot_kind
        said = pot_limits(kind, **limits) if limits is not None else {}
        Pot.objects.filter(pk=pot.pk).update(name=name, amount_minor=amount_minor, **said)
        record("cycle.pot_changed", pot.cycle, actor=by, pot=pot.pk, amount_minor=amount_minor)
        if supports_needed is not None:
            need_supports(pot.cycle, supports_needed, pots=[pot], by=by)
    pot.refresh_from_db()
    return pot


def remove_pot(pot: Pot, *, by: User) -> None:
    """Take a pot out of a draft; not where projects ask for its money."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        take_draft(pot.cycle)
        if pot.proposals.exists():
            raise RefusedError(_("Projects ask for the money of this pot: it stays."))
        record("cycle.pot_removed", pot.cycle, actor=by, pot=pot.pk)
        pot.delete()
        for position, each in enumerate(pot.cycle.pots.order_by("position")):
            Pot.objects.filter(pk=each.pk).update(position=position)


def share_out(
    cycle: Cycle,
    kind: PlaceKind,
    *,
    amount_minor: int,
    by_population: bool,
    by: User,
    min_options: int = 1,
    max_options: int | None = None,
    **points: int | None,
) -> list[Pot]:
    """A pot for every district or neighborhood, their money adding up to ``amount_minor``.

    By population, or the same for all; no unit is lost. ``points`` are limits as ``add_pot`` takes
    them, the same for each.
    """
    places = list(Neighborhood.objects.filter(kind=kind).order_by("name"))
    if not places:
        raise RefusedError(_("There are no such places in the town."), field="kind")
    unknown = [place.name for place in places if not place.population]
    if by_population and unknown:
        raise RefusedError(
            _(
                "It is not known how many people live in: %(places)s. Write it at the desk “How"
                " many people live where” first."
            )
            % {"places": ", ".join(unknown)},
            field="by_population",
        )
    weights = [place.population or 1 if by_population else 1 for place in places]
    with transaction.atomic():
        return [
            add_pot(
                cycle,
                place,
                name=place.name,
                amount_minor=share,
                min_options=min_options,
                max_options=max_options,
                by=by,
                **points,
            )
            for place, share in zip(places, split(amount_minor, weights), strict=True)
        ]
