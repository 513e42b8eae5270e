"""The review desk: the board by deadline, one proposal's review, and its proposer's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from budgeting.access import REVIEW_ROLES, holds, require, visible_cycle
from budgeting.enums import (
    BEFORE_THE_CLOSE,
    OVER_STATES,
    UNDER_WAY,
    CycleState,
    Fate,
    ProposalState,
)
from budgeting.forms import (
    ALL_SHOWN,
    AppealForm,
    AssignForm,
    BoardFilter,
    ChangesForm,
    EmptyAllNotesForm,
    EmptyNotesForm,
    GiveBackForm,
    GivePotForm,
    InstantForm,
    LimitForm,
    OneRuleForm,
    OtherPotForm,
    RuleForm,
    TakeBackReviewForm,
    VerdictForm,
)
from budgeting.models import Cycle, Proposal, Review, ReviewPlan
from budgeting.selectors import (
    MOST_NOTES,
    WHOSE,
    Change,
    change_since_review,
    fitting_reviews,
    is_reviewer,
    is_theirs_to_take_back,
    is_too_late,
    next_verdicts,
    noted_reviews,
    own_notes,
    own_proposal,
    proposal_to_review,
    ready_for,
    reviewer_rules,
    reviews_of,
    reviews_paged,
    supports_asked_for,
    supports_by_proposal,
    takes_proposals,
    town_costs,
    waiting_reviews,
    why_review_stays,
)
from budgeting.selectors.pots import is_misplaced, last_given_pot
from budgeting.selectors.review_load import loads_of
from budgeting.services.errors import RefusedError
from budgeting.services.proposals import change_pot, leave_cycle, review_again
from budgeting.services.reviewers import (
    add_rule,
    assign,
    plan_reviews,
    remove_rule,
    set_publication,
)
from budgeting.services.reviews import (
    appeal,
    empty_all_notes,
    empty_notes,
    give_back,
    give_review,
    request_changes,
    take_back_changes,
)
from budgeting.services.taking_back import take_back_review
from budgeting.views.desks import Act, Acts, Desk, MakeForm, back
from budgeting.views.proposed import give_another_pot, what_is_proposed
from civicfund import staff
from civicfund.audit.services import db_now
from civicfund.parsing import whole_number
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.people.requests import SignedInRequest
from civicfund.projects.access import is_author
from civicfund.projects.enums import LISTED_STATES

# More than any cycle has had; one transaction is over all of them.
MOST_AT_ONCE = 5_000
reviewers_only = staff.only(*REVIEW_ROLES)


@reviewers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def reviews(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """What waits for whom, how late it is; who reviews what; when the verdicts become public."""
    cycle = visible_cycle(request.user, slug)
    if request.method == "POST":
        require(request.user, Role.BUDGET_ADMINISTRATOR)
    desk = Desk(request, cycle, BOARD_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    context = desk.context() | _board(request, cycle) | _chosen(desk)
    return render(request, "budgeting/reviews.html", context, status=desk.status)


def _chosen(desk: Desk) -> dict[str, Any]:
    """What was chosen to be given out, and was not: it stays chosen."""
    sent = desk.request.POST if desk.name == "assign" else QueryDict()
    return {
        "ticked": {pk for each in sent.getlist("reviews") if (pk := whole_number(each))},
        "all_chosen": sent.get("which") == ALL_SHOWN,
    }


def _fitting(
    request: SignedInRequest, cycle: Cycle, *, gives_out: bool
) -> tuple[BoardFilter, QuerySet[Review] | None]:
    """What waits and fits the address of the page; nothing where that asks for what is not there,
    None where all that waits fits.

    The address says in ``whose`` which part of it is shown.
    """
    form = BoardFilter(cycle, request.GET, gives_out=gives_out)
    if form.is_valid() and not any(form.cleaned_data.values()):
        return form, None
    waiting = waiting_reviews(cycle, request.user, gives_out=gives_out)
    fits = fitting_reviews(waiting, **form.cleaned_data) if form.is_valid() else waiting.none()
    return form, fits


def _board(request: SignedInRequest, cycle: Cycle) -> dict[str, Any]:
    now, whose = db_now(), request.GET.get("whose", "")
    administers = holds(request.user, Role.BUDGET_ADMINISTRATOR)
    form, fitting = _fitting(request, cycle, gives_out=administers)
    pages, sums = reviews_paged(
        cycle, request.user, whose, now, gives_out=administers, fitting=fitting
    )
    page = pages.get_page(request.GET.get("page"))
    verdicts, goes_on = next_verdicts(cycle), cycle.state in BEFORE_THE_CLOSE
    too_late = is_too_late(cycle)
    return {
        "page": page,
        "rows": [(review, review.days_late(now)) for review in page],
        "whose": whose if whose in WHOSE else "",
        "filter": form,
        "narrowed": any(request.GET.get(name) for name in form.fields),
        "all_at_once": pages.count <= MOST_AT_ONCE,
        "sums": sums,
        "ready": ready_for(cycle, request.user),
        "verdicts": verdicts,
        "loads": loads_of(cycle, request.user, now) if administers else [],
        "plan": ReviewPlan.objects.filter(cycle=cycle).first(),
        "rules": reviewer_rules(cycle),
        "administers": administers,
        "too_late": too_late,
        "takes_back": not (too_late or (verdicts and verdicts.at <= now)),
        "own_notes": own_notes(cycle, request.user),
        "most_notes": MOST_NOTES,
        "is_over": cycle.state in OVER_STATES,
        "notes": noted_reviews(cycle).count() if administers else 0,
        "goes_on": goes_on,
    }


def _limit(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    plan_reviews(cycle, by=request.user, **desk.given)
    return back(request, "reviews", cycle, _("Kept. It holds for reviews from now on."))


def _instant(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    set_publication(cycle, by=request.user, **desk.given)
    return back(request, "reviews", cycle, _("Kept. It can be moved until it has passed."))


def _add_rule(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    add_rule(cycle, by=request.user, **desk.given)
    return back(request, "reviews", cycle, _("Kept. What waited for anybody was given out by it."))


def _remove_rule(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    rule = cycle.reviewer_rules.filter(pk=desk.given["rule"]).first()
    if rule is not None:
        remove_rule(rule, by=request.user)
    return back(request, "reviews", cycle, _("The rule is gone; what was given out stays."))


def _assign(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    given = desk.given
    all_shown = given["which"] == ALL_SHOWN
    chosen = _shown(request, cycle, given["of"]) if all_shown else list(given["reviews"])
    to, due_at = given["reviewer"], given["due_at"]
    number = assign(cycle, chosen, to, due_at=due_at, by=request.user, leave_out=all_shown)
    words = ngettext("%(n)s review was given out.", "%(n)s reviews were given out.", number)
    messages.success(request, words % {"n": number})
    if left := len(chosen) - number:
        stays = ngettext(
            "%(n)s stays where it is: %(who)s writes the project, or has looked at it.",
            "%(n)s stay where they are: %(who)s writes the project, or has looked at it.",
            left,
        )
        messages.warning(request, stays % {"n": left, "who": to})
    return redirect(request.get_full_path())


def _shown(request: SignedInRequest, cycle: Cycle, seen: int | None) -> list[Review]:
    """All that the page showed, on all its pages, as long as it is as many as it said."""
    _form, waiting = _fitting(request, cycle, gives_out=True)
    if waiting is None:
        waiting = waiting_reviews(cycle, request.user, gives_out=True)
    whose = request.GET.get("whose", "")
    found = list(reviews_of(waiting, whose, request.user, db_now())[: MOST_AT_ONCE + 1])
    if len(found) > MOST_AT_ONCE:
        raise RefusedError(
            _("Give out %(most)s at once at most: narrow the list down.") % {"most": MOST_AT_ONCE}
        )
    if len(found) != seen:
        raise RefusedError(
            _("There are %(n)s now, not as many as you saw: look again. Nothing changed.")
            % {"n": len(found)}
        )
    return found


def _empty_all_notes(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    number = empty_all_notes(cycle, by=request.user)
    words = ngettext(
        "The notes of %(n)s review are gone.", "The notes of %(n)s reviews are gone.", number
    )
    return back(request, "reviews", cycle, words % {"n": number})


BOARD_ACTS: Acts = {
    "limit": (LimitForm, _limit),
    "instant": (InstantForm, _instant),
    "add_rule": (RuleForm, _add_rule),
    "remove_rule": (OneRuleForm, _remove_rule),
    "assign": (AssignForm, _assign),
    "empty_notes": (EmptyAllNotesForm, _empty_all_notes),
}


@reviewers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def review(request: SignedInRequest, slug: str, pk: int) -> HttpResponseBase:
    """One proposal: what it is, what reviewers said, and the review that it waits for.

    Not for whoever's own project it is, whatever their role; whoever entered it for another from
    paper reads it, and somebody else reviews it.
    """
    if request.method == "POST" and request.POST.get("act") not in _ADMINISTRATORS_TOO:
        require(request.user, Role.REVIEWER)
    cycle = visible_cycle(request.user, slug)
    proposal = proposal_to_review(cycle, pk, request.user)
    if proposal is None:
        raise Http404("No such proposal.")
    give_pot = (partial(GivePotForm, proposal=proposal), give_another_pot)
    desk = Desk(request, cycle, _acts_on(proposal, {**REVIEW_ACTS, "give_pot": give_pot}))
    answer = desk.act()
    if answer is not None:
        return answer
    waiting = next((each for each in proposal.reviews.all() if each.given_at is None), None)
    if proposal.has_left or proposal.project.state not in LISTED_STATES:
        waiting = None
    now, too_late = db_now(), is_too_late(cycle)
    held_up = any(each.holds_up(now) for each in proposal.change_requests.all())
    theirs = waiting is not None and is_reviewer(waiting.reviewer_id)
    mine = waiting is not None and (waiting.reviewer_id == request.user.pk or not theirs)
    context = desk.context() | {
        "proposal": proposal,
        "given": [each for each in proposal.reviews.all() if each.given_at],
        "waiting": waiting,
        "theirs": theirs,
        "held_up": held_up,
        "may_take_back": held_up
        and not too_late
        and (mine or holds(request.user, Role.BUDGET_ADMINISTRATOR)),
        "may_review": mine and not (held_up or too_late) and _reviews(request.user, proposal),
        # Refused, and there is no place for it on the page any more: it is shown all the same.
        "wrote": desk.name if desk.name in _IN_WORDS else "",
        "verdicts": next_verdicts(cycle),
        "too_late": too_late,
        "change": _change(proposal),
        **_to_take_back(desk, proposal, now),
    }
    context |= what_is_proposed(request, cycle, proposal)
    return render(request, "budgeting/review.html", context, status=desk.status)


def _to_take_back(desk: Desk, proposal: Proposal, now: datetime) -> dict[str, Any]:
    """The review that this person could take back: the last one, or the one that they just sent;
    and why it stays, where it does.
    """
    given = [each for each in proposal.reviews.all() if each.given_at]
    given.sort(key=lambda each: (each.given_at or now, each.pk))
    sent = desk.name == "take_back_review"
    which = whole_number(str(desk.forms[desk.name]["review"].value())) if sent else None
    standing = [each for each in given if getattr(each, "taken_back", None) is None]
    asked = [each for each in given if each.pk == which] or standing[-1:]
    state = desk.cycle.state
    theirs = [each for each in asked if is_theirs_to_take_back(each, desk.request.user)]
    if not theirs or state not in BEFORE_THE_CLOSE:
        return {}
    why = why_review_stays(theirs[0], proposal, state, now)
    return {"to_take_back": theirs[0].pk, "why_it_stays": why, "took_back": sent}


def _reviews(user: User, proposal: Proposal) -> bool:
    return holds(user, Role.REVIEWER) and not is_author(user, proposal.project)


def _change(proposal: Proposal) -> Change | None:
    """What was rewritten since the review, as long as that could be reviewed again."""
    return change_since_review(proposal) if proposal.state in UNDER_WAY else None


ActOn: TypeAlias = Callable[[SignedInRequest, Proposal, Desk], HttpResponse]
ActsOn: TypeAlias = Mapping[str, tuple[MakeForm, ActOn]]


def _acts_on(proposal: Proposal, acts: ActsOn) -> Acts:
    """The acts of a desk that is about one proposal."""

    def of(act: ActOn) -> Act:
        return lambda request, _cycle, desk: act(request, proposal, desk)

    return {name: (form, of(act)) for name, (form, act) in acts.items()}


def _give(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    said = {name: desk.given[name] for name in ("feasible", "lawful", "reason", "notes", "cost")}
    said |= {"yearly_minor": desk.given["yearly"], "seen": whole_number(request.POST.get("of", ""))}
    give_review(proposal, by=request.user, **said)
    words = _("Your review is kept. Nobody outside reads it before the verdicts are published.")
    return back(request, "reviews", proposal.cycle, words)


def _changes(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    request_changes(proposal, by=request.user, **desk.given)
    words = _("The proposer is asked; the review waits until it is given back, or the day is over.")
    return back(request, "reviews", proposal.cycle, words)


def _again(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    review_again(proposal, by=request.user)
    words = _("It waits for a review again, as it is now.")
    return back(request, "reviews", proposal.cycle, words)


def _take_back(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    take_back_changes(proposal, by=request.user)
    messages.success(request, _("Nobody waits for changes any more: it is judged as it stands."))
    return redirect("review", slug=proposal.cycle.slug, pk=proposal.pk)


def _empty_notes(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    review = proposal.reviews.filter(pk=desk.given["review"]).first()
    if review is None:
        raise RefusedError(_("There are no internal notes here."))
    empty_notes(review, by=request.user)
    messages.success(request, _("The notes are gone; the review says the rest as before."))
    return redirect("review", slug=proposal.cycle.slug, pk=proposal.pk)


def _take_back_review(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    review = proposal.reviews.filter(pk=desk.given["review"]).first()
    if review is None:
        raise RefusedError(_("This review was not given yet."))
    take_back_review(review, reason=desk.given["reason"], by=request.user)
    messages.success(request, _("It is taken back and decides nothing. Its review is given anew."))
    return redirect("review", slug=proposal.cycle.slug, pk=proposal.pk)


REVIEW_ACTS: ActsOn = {
    "give": (VerdictForm, _give),
    "ask_changes": (ChangesForm, _changes),
    "take_back": (forms.Form, _take_back),
    "again": (forms.Form, _again),
    "empty_notes": (EmptyNotesForm, _empty_notes),
    "give_pot": (GivePotForm, give_another_pot),
    "take_back_review": (TakeBackReviewForm, _take_back_review),
}
_IN_WORDS = ("give", "ask_changes")
_ADMINISTRATORS_TOO = ("take_back", "again", "give_pot", "take_back_review")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def my_proposal(request: SignedInRequest, slug: str, pk: int) -> HttpResponseBase:
    """Where one's own proposal stands: what it waits for, its verdict once public, an appeal."""
    cycle = visible_cycle(request.user, slug)
    proposal = own_proposal(cycle, pk, request.user)
    if proposal is None:
        raise Http404("No such proposal.")
    other_pot: tuple[MakeForm, ActOn] = (partial(OtherPotForm, proposal), _other_pot)
    desk = Desk(request, cycle, _acts_on(proposal, {**PROPOSER_ACTS, "other_pot": other_pot}))
    answer = desk.act()
    if answer is not None:
        return answer
    until = proposal.published_with.appeals_until if proposal.published_with else None
    refused = proposal.state == ProposalState.NOT_FEASIBLE and cycle.state == CycleState.OPEN
    refused &= proposal.project.state in LISTED_STATES
    asked = next((each for each in proposal.change_requests.all() if not each.given_back_at), None)
    last = proposal.change_requests.last() if proposal.state == ProposalState.SUBMITTED else None
    appealed = getattr(proposal, "appeal", None)
    is_over = is_too_late(cycle)
    supports = supports_by_proposal if proposal.stands == Fate.SHORT else supports_asked_for
    context = desk.context() | {
        "proposal": proposal,
        "asked": None if proposal.has_left or is_over else asked,
        "is_over": is_over,
        "said": town_costs([proposal]).get(proposal.pk),
        "given_up": last is not None and last.taken_back_by_id is not None,
        "appeal": appealed,
        "may_appeal": refused and appealed is None and until is not None and db_now() < until,
        "appeals_until": until,
        "verdicts": next_verdicts(cycle),
        "supports": supports([proposal]).get(proposal.pk),
        "change": _change(proposal) if proposal.state == ProposalState.FEASIBLE else None,
        "misplaced": is_misplaced(proposal),
        "given_pot": last_given_pot(proposal),
        "proposing": takes_proposals(cycle),
        "more_pots": cycle.pots.exclude(pk=proposal.pot_id).exists(),
    }
    return render(request, "budgeting/my_proposal.html", context, status=desk.status)


def _give_back(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    give_back(proposal, answer=desk.given["answer"], by=request.user)
    return redirect("my_proposal", slug=proposal.cycle.slug, pk=proposal.pk)


def _appeal(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    appeal(proposal, reason=desk.given["reason"], by=request.user)
    return redirect("my_proposal", slug=proposal.cycle.slug, pk=proposal.pk)


def _other_pot(request: SignedInRequest, proposal: Proposal, desk: Desk) -> HttpResponse:
    change_pot(proposal, desk.given["pot"], by=request.user)
    words = _("It asks “%(pot)s” for its money now.") % {"pot": desk.given["pot"]}
    messages.success(request, words)
    return redirect("my_proposal", slug=proposal.cycle.slug, pk=proposal.pk)


def _leave(request: SignedInRequest, proposal: Proposal, _desk: Desk) -> HttpResponse:
    leave_cycle(proposal, by=request.user)
    messages.success(request, _("The project is out of the cycle; it is public as before."))
    return redirect("my_proposal", slug=proposal.cycle.slug, pk=proposal.pk)


PROPOSER_ACTS: ActsOn = {
    "give_back": (GiveBackForm, _give_back),
    "appeal": (AppealForm, _appeal),
    "leave": (forms.Form, _leave),
}
