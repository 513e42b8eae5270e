"""Preparing a cycle, opening it and, where it must be, calling it off."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from budgeting.access import require
from budgeting.domain.outcome import digest_of
from budgeting.enums import (
    CYCLE_MOVES,
    DROPPED_SLUG,
    RESERVED_SLUGS,
    BallotKind,
    CycleState,
    Origin,
    PhaseKind,
    TieOrder,
)
from budgeting.models import Board, Cycle, Phase, Pot
from budgeting.selectors import (
    agreed_of_key,
    eligibility_of,
    named_trustees,
    why_verdicts_wait,
)
from budgeting.selectors.appropriations import set_aside_for
from budgeting.services.errors import RefusedError
from budgeting.services.locks import take, take_draft
from budgeting.services.roll import roll_digest
from budgeting.services.rules import check_rule, pot_limits, pots_to_correct, usual_parameters
from budgeting.services.second_person import pending_request
from budgeting.services.trustees import forget_trustees, rehearsed_key
from budgeting.services.urns import empty_urn, make_urn
from civicfund.audit.models import ActRequest
from civicfund.audit.services import advance, approve_act, db_now, record, request_act
from civicfund.money import one_major_unit
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood

OPEN, CANCEL = "cycle.open", "cycle.cancel"


def create_cycle(
    *,
    by: User,
    slug: str,
    title: str,
    summary: str = "",
    ballot_kind: BallotKind = BallotKind.APPROVAL,
    rule: str = "equal_shares_cost_add1",
    rule_parameters: dict[str, Any] | None = None,
    ties: TieOrder = TieOrder.SEEDED,
) -> Cycle:
    """A cycle to prepare; nobody but those who prepare it sees it before it opens.

    Unless parameters are given, a project that nobody votes for is not funded, a place in a
    ranking is worth as many points as there are options from it down, and everybody's share rises
    by one unit of the currency at a time.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    parameters = rule_parameters
    if parameters is None:
        parameters = usual_parameters(rule, settings.CURRENCY)
    check_rule(ballot_kind, rule, parameters)
    taken = slug in RESERVED_SLUGS or slug.startswith(DROPPED_SLUG)
    if taken or Cycle.objects.filter(slug=slug).exists():
        raise RefusedError(_("Another cycle has this address."), field="slug")
    with transaction.atomic():
        cycle = Cycle.objects.create(
            slug=slug,
            title=title,
            summary=summary,
            ballot_kind=ballot_kind,
            rule=rule,
            rule_parameters=parameters,
            ties=ties,
            currency=settings.CURRENCY,
        )
        record("cycle.made", cycle, actor=by)
    return cycle


def add_phase(
    cycle: Cycle, kind: PhaseKind, *, starts_at: datetime, ends_at: datetime, by: User
) -> Phase:
    """A window of time in a cycle that is being prepared."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        take_draft(cycle)
        if ends_at <= starts_at:
            raise RefusedError(_("“%(phase)s” ends before it starts.") % {"phase": kind.label})
        if cycle.phases.filter(kind=kind, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            raise RefusedError(_("Two phases of “%(phase)s” overlap.") % {"phase": kind.label})
        if kind == PhaseKind.BALLOTING and cycle.phases.filter(kind=kind).exists():
            raise RefusedError(_("A cycle has one voting phase."))
        phase = Phase.objects.create(cycle=cycle, kind=kind, starts_at=starts_at, ends_at=ends_at)
        record("cycle.phase_added", cycle, actor=by, phase=phase.pk, kind=kind)
    return phase


def add_pot(
    cycle: Cycle,
    place: Neighborhood,
    *,
    name: str,
    amount_minor: int,
    by: User,
    min_options: int = 1,
    max_options: int | None = None,
    **points: int | None,
) -> Pot:
    """Money that the residents of a place decide on, in a cycle that is being prepared.

    ``points`` are the limits that the cycle's kind of ballot takes: ``min_points``,
    ``max_points`` and ``max_sum_points``, as ``pot_limits`` says.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if amount_minor <= 0:
        raise RefusedError(_("A pot holds more than nothing."), field="amount")
    limits = pot_limits(
        cycle.ballot_kind, min_options=min_options, max_options=max_options, **points
    )
    with transaction.atomic():
        take_draft(cycle)
        if cycle.pots.filter(place=place).exists():
            raise RefusedError(
                _("%(place)s has a pot in this cycle.") % {"place": place}, field="place"
            )
        pot = Pot.objects.create(
            cycle=cycle,
            place=place,
            position=cycle.pots.count(),
            name=name,
            amount_minor=amount_minor,
            **limits,
        )
        record("cycle.pot_added", cycle, actor=by, pot=pot.pk, amount_minor=amount_minor)
    return pot


def rules_digest(cycle: Cycle) -> str:
    """The SHA-256 of what two people agree to when they open a cycle."""
    return digest_of(rules_of(cycle))


def rules_of(cycle: Cycle) -> dict[str, Any]:
    """What two people agree to when they open a cycle: its rules, phases and pots."""
    phases = cycle.phases.order_by("pk").values_list("kind", "starts_at", "ends_at")
    pots = cycle.pots.order_by("pk").values_list(
        "pk", "place", "amount_minor", "min_options", "max_options",
        "min_points", "max_points", "max_sum_points",
    )  # fmt: skip
    return {
        "ballot_kind": cycle.ballot_kind,
        "rule": cycle.rule,
        "rule_parameters": cycle.rule_parameters,
        "increment_minor": one_major_unit(cycle.currency),
        "ties": cycle.ties,
        "phases": [[kind, *(at.isoformat() for at in times)] for kind, *times in phases],
        "pots": [list(pot) for pot in pots],
    }


def request_opening(cycle: Cycle, *, by: User) -> ActRequest:
    """One person asks to open the cycle as it stands; a second one opens it."""
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_ready(held)
        return request_act(OPEN, held, requested_by=by, **_as_asked_for(held))


def _as_asked_for(cycle: Cycle) -> dict[str, Any]:
    """What the second person agrees to: none of it may be exchanged in between."""
    said = eligibility_of(cycle)
    return {
        "rules_digest": rules_digest(cycle),
        "words_digest": digest_of(
            {
                "title": cycle.title,
                "summary": cycle.summary,
                "pots": list(cycle.pots.order_by("pk").values_list("name", flat=True)),
            }
        ),
        **agreed_of_key(rehearsed_key(cycle)),
        "supports_needed": list(
            cycle.pots.order_by("pk").values_list("supports_needed", flat=True)
        ),
        "supports_from": cycle.supports_from,
        "set_aside_minor": set_aside_for(cycle).aside_minor,
        "eligibility": said.version if said else 0,
    }


def _check_ready(cycle: Cycle) -> None:
    if cycle.state != CycleState.DRAFT or cycle.origin != Origin.RUN:
        raise RefusedError(_("Only a draft can be opened."))
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING).first()
    if voting is None:
        raise RefusedError(_("The cycle needs a voting phase before it can open."))
    if voting.ends_at <= db_now():
        raise RefusedError(_("The voting phase is over already."))
    if not cycle.pots.exists():
        raise RefusedError(_("The cycle needs a pot of money before it can open."))
    for pot, why in pots_to_correct(cycle):
        raise RefusedError(_("“%(pot)s”: %(why)s") % {"pot": pot, "why": why})
    if cycle.pots.filter(supports_needed__gt=0).exists() and not _supported_before(voting):
        raise RefusedError(
            _("Projects need supports: the cycle needs a supporting phase that ends before voting.")
        )
    if not set_aside_for(cycle).is_enough:
        raise RefusedError(_("The pots take more money than the books set aside for this vote."))
    if words := why_verdicts_wait(cycle, db_now()):
        raise RefusedError(words)
    rehearsed_key(cycle)


def _supported_before(voting: Phase) -> bool:
    """Whether all supporting, of which there is some, is over when voting begins."""
    ends = Phase.objects.filter(cycle=voting.cycle_id, kind=PhaseKind.SUPPORTING)
    times = list(ends.values_list("ends_at", flat=True))
    return bool(times) and max(times) < voting.starts_at


def open_cycle(cycle: Cycle, asked_id: int | None = None, *, by: User) -> Cycle:
    """A second person opens the cycle: the seed of its ties is drawn and committed to.

    From here on the database refuses changes of rules, phases and pots, and from the start of
    voting also of options and of the roll.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_ready(held)
        asked = pending_request(held, OPEN, asked_id)
        _check_as_asked_for(held, asked)
        approve_act(asked, approved_by=by)
        seed = secrets.token_bytes(32)
        commitment = hashlib.sha256(seed).hexdigest()
        make_urn(held, rehearsed_key(held), _as_opened(held, commitment))
        return advance(
            held,
            CycleState.OPEN,
            CYCLE_MOVES,
            actor=by,
            tie_seed=seed.hex(),
            tie_commitment=commitment,
        )


def _check_as_asked_for(cycle: Cycle, asked: ActRequest) -> None:
    as_it_stands = _as_asked_for(cycle)
    if any(asked.parameters.get(name) != as_it_stands[name] for name in ("public_key", "trustees")):
        raise RefusedError(
            _(
                "The trustees or their key have changed since opening the cycle was asked for. Look"
                " at who they are now; the opening has to be asked for anew."
            )
        )
    if asked.parameters != as_it_stands:
        raise RefusedError(_("The cycle has changed since opening it was asked for."))


def _as_opened(cycle: Cycle, tie_commitment: str) -> dict[str, Any]:
    """Everything that two people open, the trustees and their key; kept, as a vote may be extended.

    The board begins with the digest of ``opening``, which holds that of ``rules``.
    """
    rules = rules_of(cycle)
    opening = {
        "cycle": cycle.slug,
        "rules": digest_of(rules),
        "public_key": cycle.trustee_key.public_key,
        "trustees": [asdict(each) for each in named_trustees(cycle.trustee_key)],
        "tie_commitment": tie_commitment,
        "eligibility": _eligibility(cycle),
        "roll": {"lines": cycle.roll.count(), "sha256": roll_digest(cycle)},
    }
    return {"rules": rules, "opening": opening}


def _eligibility(cycle: Cycle) -> dict[str, Any] | None:
    said = eligibility_of(cycle)
    if said is None:
        return None
    return {
        "minimum_age": said.minimum_age,
        "age_on": said.age_on.isoformat(),
        "groups": said.groups,
        "places": sorted(said.places.values_list("slug", flat=True)),
    }


def request_cancelling(cycle: Cycle, *, by: User, reason: str) -> ActRequest:
    """One person asks to call the cycle off as it is now, with a reason for everybody.

    Of a draft the reason is for those alone who prepare cycles.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    if not reason.strip():
        raise RefusedError(_("Say why."), field="reason")
    with transaction.atomic():
        held = take(cycle)
        _check_may_be_cancelled(held)
        return request_act(CANCEL, held, requested_by=by, reason=reason.strip(), state=held.state)


def _check_may_be_cancelled(cycle: Cycle) -> None:
    if CycleState.CANCELLED not in cycle.moves[CycleState(cycle.state)]:
        raise RefusedError(_("The ballots of this cycle were opened: it is too late to cancel it."))


def cancel_cycle(cycle: Cycle, asked_id: int | None = None, *, by: User) -> Cycle:
    """A second person calls the cycle off; what was cast is forgotten unopened.

    Only in the state in which that was asked for: whoever wants to drop a draft has not said that
    ballots shall be dropped. A draft that is dropped stays unknown to everybody but those who
    prepare cycles, and gives its address up for another one.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        held = take(cycle)
        _check_may_be_cancelled(held)
        asked = pending_request(held, CANCEL, asked_id)
        approve_act(asked, approved_by=by)
        reason = asked.parameters["reason"]
        slug = held.slug
        if held.state == CycleState.DRAFT:
            slug = f"{DROPPED_SLUG}{held.pk}"
            forget_trustees(held)
        done = advance(
            held, CycleState.CANCELLED, held.moves, actor=by, cancel_reason=reason, slug=slug
        )
        if Board.objects.filter(pk=held.pk).exists():
            empty_urn(held)
        return done
