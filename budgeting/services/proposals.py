"""A project enters a cycle, is reviewed, and gets a line on the ballot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, F
from django.utils.translation import gettext as _

from budgeting.access import holds, require
from budgeting.enums import (
    PROPOSAL_MOVES,
    UNDER_WAY,
    CycleState,
    PhaseKind,
    ProposalState,
    ReviewKind,
    SupportsFrom,
)
from budgeting.models import (
    BallotOmission,
    BallotRemoval,
    Cycle,
    Option,
    Pot,
    PotChange,
    Proposal,
    Review,
    SupportCount,
)
from budgeting.selectors import change_since_review
from budgeting.selectors.pots import is_misplaced, pot_and_whether_it_fits, reviews_it
from budgeting.services.errors import ManyRefusedError, RefusedError
from budgeting.services.locks import share, take
from budgeting.services.review_news import GIVEN_POT, OFF_BALLOT, REVIEWED_AGAIN, tell_authors
from budgeting.services.reviewers import ask_for_review
from budgeting.services.reviews import cost_of
from budgeting.services.supports import check_supports, keep_supports
from budgeting.services.urns import check_room
from civicfund.audit.services import advance, db_now, record
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.places.models import Neighborhood
from civicfund.projects.access import is_author, is_concerned
from civicfund.projects.enums import LISTED_STATES, ProjectState
from civicfund.projects.models import Project
from civicfund.projects.selectors.writing import why_silent
from civicfund.states import check_move

# How long before voting the last line comes off the ballot: a ballot is read in much less.
OFF_UNTIL = timedelta(minutes=1)


def submit_proposal(project: Project, pot: Pot, *, by: User) -> Proposal:
    """Ask for a pot's money for a project.

    Whoever writes the project does it during the proposing phase; a budget administrator may,
    on anyone's behalf, at any time before voting.
    """
    cycle = pot.cycle
    administers = holds(by, Role.BUDGET_ADMINISTRATOR)
    if not administers and not is_author(by, project):
        raise RefusedError(_("Only those who write the project can enter it."))
    if silent := why_silent(by):
        raise RefusedError(silent)
    _check_project(project, pot)
    with transaction.atomic():
        state = share(cycle)
        if not administers:
            _check_proposing(cycle, state)
        _check_before_voting(cycle, state)
        proposal, made = Proposal.objects.get_or_create(
            cycle=cycle, project=project, defaults={"pot": pot, "submitted_by": by}
        )
        if not made:
            proposal = _come_back(proposal, pot, by)
        record("proposal.submitted", proposal, actor=by, pot=pot.pk)
        if made:
            ask_for_review(proposal, ReviewKind.FIRST)
    return proposal


def _come_back(proposal: Proposal, pot: Pot, by: User) -> Proposal:
    """What its authors took out is as it was: what reviewers have said of it stays said."""
    held = _hold(proposal)
    if held.state != ProposalState.LEFT:
        raise RefusedError(_("This project is in the cycle already."))
    if held.pot_id != pot.pk:
        _check_not_counted(held)
    check_move(PROPOSAL_MOVES, ProposalState.LEFT, ProposalState.SUBMITTED)
    held.state, held.pot, held.submitted_by = ProposalState.SUBMITTED, pot, by
    held.submitted_at = db_now()
    held.save(update_fields=["state", "pot", "submitted_by", "submitted_at"])
    return held


def _hold(proposal: Proposal) -> Proposal:
    rows = Proposal.objects.select_for_update(of=("self",))
    return rows.select_related("cycle", "pot", "project").get(pk=proposal.pk)


def _check_not_counted(proposal: Proposal) -> None:
    """Whose supports count may depend on the pot."""
    if SupportCount.objects.filter(proposal=proposal).exists():
        raise RefusedError(
            _("Supports are counted: it can ask “%(pot)s” and no other.") % {"pot": proposal.pot},
            field="pot",
        )


def change_pot(proposal: Proposal, pot: Pot, *, by: User) -> Proposal:
    """Ask another pot of the cycle, while proposals are taken and nothing public is said of it."""
    with transaction.atomic():
        held = _hold_to_change(proposal, by)
        _check_another_pot(held, pot)
        _check_not_counted(held)
        before, held.pot = held.pot_id, pot
        held.save(update_fields=["pot"])
        record("proposal.pot_changed", held, actor=by, pot_before=before, pot=pot.pk)
    return held


def give_pot(proposal: Proposal, pot: Pot, *, reason: str, by: User) -> PotChange:
    """Give a proposal another pot of its cycle for those who prepare the vote, with a reason.

    By an administrator, or whoever has the review that it waits for; never of one's own project.
    Until its verdict is public, but for one that its pot keeps from every ballot. Its authors are
    told.
    """
    if not holds(by, Role.BUDGET_ADMINISTRATOR):
        require(by, Role.REVIEWER)
    if is_concerned(by, proposal.project):
        raise RefusedError(_("Which pot your own project asks is for others to say."))
    reason = reason.strip()
    if not reason:
        raise RefusedError(_("Say why, for its authors to read."), field="reason")
    with transaction.atomic():
        _check_before_voting(proposal.cycle, share(proposal.cycle))
        # Held, so that nobody moves it elsewhere meanwhile.
        Project.objects.select_for_update(no_key=True).get(pk=proposal.project_id)
        held = _hold(proposal)
        _check_may_give_pot(held, by)
        _check_pot_for(held, pot)
        before = held.pot
        change = PotChange.objects.create(
            proposal=held, pot_before=before.pk, pot=pot.pk, reason=reason, by=by
        )
        held.pot = pot
        held.save(update_fields=["pot"])
        record(
            "proposal.pot_given", held, actor=by, pot_before=before.pk, pot=pot.pk, change=change.pk
        )
        tell_authors(GIVEN_POT, change, held, before=before.name, pot=pot.name, reason=reason)
    return change


def _check_may_give_pot(proposal: Proposal, by: User) -> None:
    if not holds(by, Role.BUDGET_ADMINISTRATOR) and not reviews_it(by, proposal):
        raise RefusedError(_("Whoever reviews it, or an administrator, gives it another pot."))
    if proposal.has_left:
        raise RefusedError(_("The project is not in the cycle any more."))
    if proposal.state == ProposalState.ON_BALLOT:
        raise RefusedError(_("It is on the ballot: it stays in its pot."))
    is_kept_out = proposal.state == ProposalState.FEASIBLE and is_misplaced(proposal)
    if proposal.state != ProposalState.SUBMITTED and not is_kept_out:
        raise RefusedError(_("There is a public verdict on it: it stays where it is."))


def _check_pot_for(proposal: Proposal, pot: Pot) -> None:
    _check_another_pot(proposal, pot)
    by_pot = proposal.cycle.supports_from == SupportsFrom.POT
    if not (by_pot and pot.supports_needed):
        return
    if SupportCount.objects.filter(proposal=proposal).exists():
        raise RefusedError(
            _(
                "Its supports were counted where the money of “%(before)s” goes, and say nothing of"
                " those where “%(pot)s” is. It can ask a pot that needs none."
            )
            % {"before": proposal.pot, "pot": pot},
            field="pot",
        )


def _check_another_pot(proposal: Proposal, pot: Pot) -> None:
    if pot.cycle_id != proposal.cycle_id:
        raise RefusedError(_("This pot is not of this cycle."), field="pot")
    if pot.pk == proposal.pot_id:
        raise RefusedError(_("It asks this pot already."), field="pot")
    _check_project(proposal.project, pot)


def leave_cycle(proposal: Proposal, *, by: User) -> Proposal:
    """Take a project out of a cycle, while proposals are taken; it may be entered again."""
    with transaction.atomic():
        held = _hold_to_change(proposal, by)
        return advance(held, ProposalState.LEFT, PROPOSAL_MOVES, actor=by)


def _hold_to_change(proposal: Proposal, by: User) -> Proposal:
    """Hold what its authors may change still, at the same times as they may enter a project."""
    if not is_author(by, proposal.project):
        raise RefusedError(_("Only those who write the project can do this."))
    cycle = proposal.cycle
    state, held = share(cycle), _hold(proposal)
    _check_proposing(cycle, state)
    if held.has_left:
        raise RefusedError(_("The project is not in the cycle any more."))
    if held.state != ProposalState.SUBMITTED:
        raise RefusedError(_("There is a public verdict on it: it stays where it is."))
    return held


def _check_project(project: Project, pot: Pot) -> None:
    if project.state == ProjectState.HIDDEN:
        raise RefusedError(_("Moderators have hidden the project: it can enter once it is shown."))
    if not Project.objects.listed().filter(pk=project.pk).exists():
        raise RefusedError(_("The project has to be public first."))
    reached = Neighborhood.objects.within(pot.place) if pot.place else Neighborhood.objects.none()
    if not reached.filter(pk=project.neighborhood_id).exists():
        raise RefusedError(
            _("%(pot)s is for projects in %(place)s.") % {"pot": pot, "place": pot.place}
        )


def _check_proposing(cycle: Cycle, state: str) -> None:
    """The caller holds the cycle; the clock is read after that."""
    now = db_now()
    proposing = cycle.phases.filter(kind=PhaseKind.PROPOSING, starts_at__lte=now, ends_at__gt=now)
    if state != CycleState.OPEN or not proposing.exists():
        raise RefusedError(_("It is not the time to propose in this cycle."))


def _check_before_voting(cycle: Cycle, state: str, *, spare: timedelta = timedelta()) -> None:
    """The caller holds the cycle; ``spare`` is how long before voting it is too late already."""
    if state == CycleState.DRAFT:
        return
    voting = cycle.phases.filter(kind=PhaseKind.BALLOTING).first()
    if state != CycleState.OPEN or voting is None or db_now() >= voting.starts_at:
        raise RefusedError(_("Voting has begun: the ballot can no longer change."))
    if db_now() >= voting.starts_at - spare:
        raise RefusedError(_("Voting begins within a minute: nothing comes off the ballot now."))
    if cycle.sheet_batches.exists():
        raise RefusedError(_("Paper ballots are printed: the ballot can no longer change."))


def put_on_ballot(proposal: Proposal, *, by: User, cost_minor: int | None = None) -> Option:
    """Give a feasible proposal its line on the ballot, at a cost that stays as it is now.

    The cost is what the review found likely; where it found none, the sum of the cost lines. What
    was rewritten since its review does not come on it.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    with transaction.atomic():
        cycle = take(proposal.cycle)
        _check_before_voting(cycle, cycle.state)
        # Held, so that nobody changes it between the sum and the line on the ballot.
        project = Project.objects.select_for_update().get(pk=proposal.project_id)
        if project.state == ProjectState.HIDDEN:
            raise RefusedError(
                _("Moderators have hidden “%(project)s”: it cannot come on the ballot.")
                % {"project": project}
            )
        if project.state not in LISTED_STATES:
            raise RefusedError(
                _("“%(project)s” was withdrawn, or is part of another project now.")
                % {"project": project}
            )
        if change_since_review(proposal):
            raise RefusedError(
                _(
                    "“%(project)s” was rewritten since its review: title, sentence, place or costs"
                    " are others than the reviewers saw. Have it reviewed again, or ask its authors"
                    " to restore what it said."
                )
                % {"project": project}
            )
        _check_place(proposal, project)
        if cost_minor is None:
            said = Review.objects.given().filter(proposal=proposal).last()
            cost_minor = cost_of(proposal, said)
        if cost_minor <= 0:
            raise RefusedError(
                _("“%(project)s” does not say what it costs.") % {"project": project}
            )
        check_supports(proposal)
        check_room(proposal.pot)
        advance(proposal, ProposalState.ON_BALLOT, PROPOSAL_MOVES, actor=by)
        option = Option.objects.create(
            cycle=cycle,
            pot_id=proposal.pot_id,
            position=Option.objects.filter(pot=proposal.pot_id).count(),
            code=str(project.pk),
            name=project.title,
            cost_minor=cost_minor,
            proposal=proposal,
        )
        record("proposal.on_ballot", proposal, actor=by, option=option.pk, cost_minor=cost_minor)
    return option


def _check_place(proposal: Proposal, project: Project) -> None:
    """The caller holds the project, which nobody moves elsewhere meanwhile."""
    pot, fits = pot_and_whether_it_fits(proposal)
    if pot != proposal.pot_id:
        raise RefusedError(
            _("“%(project)s” was given another pot just now: look again.") % {"project": project}
        )
    if not fits:
        raise RefusedError(
            _(
                "“%(project)s” is in %(place)s, and “%(pot)s” is for projects in %(where)s. Give it"
                " another pot on the page of its review."
            )
            % {
                "project": project,
                "place": project.neighborhood,
                "pot": proposal.pot,
                "where": proposal.pot.place,
            }
        )


def take_off_ballot(proposal: Proposal, *, reason: str, by: User) -> BallotRemoval:
    """Take a line off the ballot until a minute before voting, and before sheets are printed.

    The reason is public, and its authors are told. Who comes after it in the pot moves up, since
    ballots name options by their places; who is left alone in a group is let go of it. The proposal
    is feasible, as it was found, and may come back.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    reason = reason.strip()
    if not reason:
        raise RefusedError(_("Say why, for everybody to read."), field="reason")
    with transaction.atomic():
        cycle = take(proposal.cycle)
        _check_before_voting(cycle, cycle.state, spare=OFF_UNTIL)
        held = _hold(proposal)
        option = Option.objects.filter(proposal=held).first()
        if held.state != ProposalState.ON_BALLOT or option is None:
            raise RefusedError(_("“%(project)s” is not on the ballot.") % {"project": held.project})
        removal = BallotRemoval.objects.create(proposal=held, line=option.pk, reason=reason, by=by)
        Option.objects.filter(pk=removal.line).delete()
        _close_ranks(option, by)
        check_move(PROPOSAL_MOVES, ProposalState.ON_BALLOT, ProposalState.FEASIBLE)
        Proposal.objects.filter(pk=held.pk).update(state=ProposalState.FEASIBLE)
        # Not as another verdict: followers would be told that it can be done.
        record("proposal.taken_off", held, actor=by, option=removal.line, removal=removal.pk)
        tell_authors(OFF_BALLOT, removal, held, reason=reason)
    return removal


def keep_off_ballot(proposal: Proposal, *, reason: str, by: User) -> BallotOmission:
    """Say why a feasible proposal is not put on the ballot, for everybody to read.

    It keeps nobody from putting it on after all. Nobody has to say it, and it may be said once
    voting has begun: then nothing else becomes of it.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    reason = reason.strip()
    if not reason:
        raise RefusedError(_("Say why, for everybody to read."), field="reason")
    with transaction.atomic():
        share(proposal.cycle)
        held = _hold(proposal)
        if held.state != ProposalState.FEASIBLE or held.has_left:
            raise RefusedError(
                _("“%(project)s” is not feasible, or is on the ballot already. Nothing changed.")
                % {"project": held.project},
                field="proposal",
            )
        omission = BallotOmission.objects.create(proposal=held, reason=reason, by=by)
        record("proposal.kept_off", held, actor=by, omission=omission.pk)
    return omission


def _close_ranks(gone: Option, by: User) -> None:
    """The caller holds the cycle alone."""
    after = Option.objects.filter(pot=gone.pot_id, position__gt=gone.position)
    # One after the other: two never stand in one place.
    for pk in list(after.order_by("position").values_list("pk", flat=True)):
        Option.objects.filter(pk=pk).update(position=F("position") - 1)
    if not gone.exclusion_group:
        return
    group = Option.objects.filter(pot=gone.pot_id, exclusion_group=gone.exclusion_group)
    alone = list(group.values_list("pk", flat=True)[:2])
    if len(alone) == 1:
        group.update(exclusion_group="")
        record("cycle.options_grouped", gone.cycle, actor=by, options=alone)


def review_again(proposal: Proposal, *, by: User) -> Review:
    """Have a project that was rewritten since its review reviewed again, from the beginning.

    What was said of it before stays with its version. A verdict that was public is none any more:
    the proposal is submitted again, and gets another one with the next verdicts.
    """
    if not holds(by, Role.BUDGET_ADMINISTRATOR):
        require(by, Role.REVIEWER)
    if is_concerned(by, proposal.project):
        raise RefusedError(_("Who looks again at your own project is for others to say."))
    with transaction.atomic():
        cycle = proposal.cycle
        _check_before_voting(cycle, share(cycle))
        rows = Proposal.objects.to_look_at().select_for_update(of=("self",))
        held = rows.select_related("project__neighborhood", "cycle").filter(pk=proposal.pk).first()
        if held is None or held.state not in UNDER_WAY:
            raise RefusedError(_("Only what is under review or feasible can be reviewed again."))
        if held.reviews.filter(given_at__isnull=True).exists():
            raise RefusedError(_("A reviewer looks at it already."))
        if change_since_review(held) is None:
            raise RefusedError(_("It says what its review saw: there is nothing to look at again."))
        review = ask_for_review(held, ReviewKind.FIRST, anew=True)
        was_public = held.state == ProposalState.FEASIBLE
        Proposal.objects.filter(pk=held.pk).update(
            state=ProposalState.SUBMITTED, reason="", published_with=None
        )
        record("review.sent_back", held, actor=by, review=review.pk)
        tell_authors(REVIEWED_AGAIN, review, held, was_public=was_public)
    return review


def put_all_on_ballot(cycle: Cycle, proposals: Sequence[Proposal], *, by: User) -> list[Option]:
    """Give each of these proposals its line, at the cost that its review found; all or none.

    ``ManyRefusedError`` says of each that cannot come why not.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    made: list[Option] = []
    refused: list[str] = []
    with transaction.atomic():
        held = take(cycle)
        _check_before_voting(held, held.state)
        keep_supports(held)
        for each in proposals:
            try:
                made.append(put_on_ballot(_feasible(cycle, each), by=by))
            except RefusedError as refusal:
                refused.append(str(refusal))
        if refused:
            # Two of one pot may say the same.
            raise ManyRefusedError(list(dict.fromkeys(refused)))
    return made


def _feasible(cycle: Cycle, proposal: Proposal) -> Proposal:
    held = Proposal.objects.select_related("cycle", "pot", "project").get(pk=proposal.pk)
    if held.cycle_id != cycle.pk or held.state != ProposalState.FEASIBLE:
        raise RefusedError(
            _("“%(project)s” is not feasible, or is on the ballot already. Nothing changed.")
            % {"project": held.project}
        )
    return held


def group_options(cycle: Cycle, options: Sequence[Option], *, name: str, by: User) -> None:
    """Of these options of one pot at most one can win; without a name they are let go again.

    The name is public, on the ballot. It replaces the groups that they were in.
    """
    require(by, Role.BUDGET_ADMINISTRATOR)
    name = name.strip()
    with transaction.atomic():
        held = take(cycle)
        _check_before_voting(held, held.state)
        pots = {option.pot_id for option in options}
        if len(pots) != 1 or any(option.cycle_id != cycle.pk for option in options):
            raise RefusedError(_("Choose projects of one pot."), field="options")
        chosen = Option.objects.filter(pk__in=[option.pk for option in options])
        chosen.update(exclusion_group=name)
        _check_groups(held)
        record("cycle.options_grouped", held, actor=by, options=sorted(o.pk for o in options))


def _check_groups(cycle: Cycle) -> None:
    """No group of one: it would say that something is excluded, and nothing is."""
    grouped = Option.objects.filter(cycle=cycle).exclude(exclusion_group="").order_by()
    counted = grouped.values("pot", "exclusion_group").annotate(n=Count("pk"))
    alone = counted.filter(n=1).order_by("exclusion_group").first()
    if alone is not None:
        raise RefusedError(
            _("Only one project would be in “%(group)s”. A group takes two or more.")
            % {"group": alone["exclusion_group"]},
            field="options",
        )
