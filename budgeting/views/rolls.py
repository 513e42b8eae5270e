"""Who may vote: the public page of a roll, the desk at which it is made, and the officers' desk."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from budgeting.access import visible_cycle
from budgeting.enums import CycleState
from budgeting.forms import (
    AgreeForm,
    CheckedForm,
    EligibilityForm,
    FileForm,
    PersonForm,
    ResidentsForm,
    SecondForm,
)
from budgeting.models import Cycle
from budgeting.selectors import (
    MayVote,
    eligibility_of,
    is_of_homes,
    kiosks_of,
    letters_made,
    letters_with_another_end,
    may_vote,
    paper_vote,
    pending_requests,
    places_of_roll,
    roll_batches,
    rules_of_voting,
)
from budgeting.services.codes import LETTERS, NO_LETTERS, make_letters, request_letters
from budgeting.services.errors import RefusedError
from budgeting.services.letters import letters_zip
from budgeting.services.roll import (
    ROLL,
    add_person,
    request_file,
    request_person,
    set_eligibility,
)
from budgeting.services.roll_files import check_file, import_file, wrong_in_file
from budgeting.services.roll_homes import add_residents, request_residents
from budgeting.services.voters import voting_number
from budgeting.views.desks import Acts, Desk, back, take_back_here
from budgeting.views.voters import code_here, voter_here
from civicfund import staff
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.requests import HttpRequest, SignedInRequest
from civicfund.spreadsheets import csv_response

administrators_only = staff.only(Role.BUDGET_ADMINISTRATOR)
officers_only = staff.only(Role.POLL_OFFICER)
LATEST_SHOWN = 20


@require_safe
@never_cache
def roll(request: HttpRequest, slug: str) -> HttpResponse:
    """Who may vote, how the roll came to be, and whether whoever looks is on it."""
    cycle = visible_cycle(request.user, slug)
    said = eligibility_of(cycle)
    mine = may_vote(cycle, request.user, voter_here(request, cycle), db_now())
    of_homes = is_of_homes(cycle)
    context = {
        "cycle": cycle,
        "rules": said and rules_of_voting(said),
        "versions": said.version if said else 0,
        "mine": mine,
        "of_homes": of_homes,
        "number": _number_for_officers(cycle, mine) if of_homes else "",
        "by_code": code_here(request, cycle),
        "lines": cycle.roll.count(),
        "batches": roll_batches(cycle),
    }
    return render(request, "budgeting/roll.html", context)


def _number_for_officers(cycle: Cycle, mine: MayVote) -> str:
    """What somebody shows at a polling place or a kiosk; empty where the cycle has neither."""
    if mine.entry is None or not mine.yes or cycle.state != CycleState.OPEN:
        return ""
    anywhere = paper_vote(cycle) is not None or kiosks_of(cycle).exists()
    return voting_number(mine.entry) if anywhere else ""


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def roll_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Say who may vote, look a file through, ask for lines to be added, and agree to it."""
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, ROLL_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    context = (
        desk.context()
        | _looked_through(desk)
        | {
            "said": eligibility_of(cycle),
            "of_homes": is_of_homes(cycle),
            "lines": cycle.roll.count(),
            "batches": roll_batches(cycle),
            "asked": pending_requests(cycle, ROLL),
            "prepares": cycle.state == CycleState.DRAFT,
        }
    )
    return render(request, "budgeting/roll_desk.html", context, status=desk.status)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def letters_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Ask for letters with codes, and as a second person make and download them.

    To make them is to download them: it takes a second factor given just now, is on the trail, and
    everybody who comes here reads when it was done before, and by whom.
    """
    cycle = visible_cycle(request.user, slug)
    desk = Desk(request, cycle, LETTER_ACTS)
    answer = desk.act()
    if answer is not None:
        return answer
    context = (
        desk.context()
        | _looked_through(desk)
        | {
            "asked": pending_requests(cycle, LETTERS),
            "no_letters": NO_LETTERS if is_of_homes(cycle) else "",
            "is_open": cycle.state == CycleState.OPEN,
            "made": letters_made(cycle)[:LATEST_SHOWN],
            "old_letters": letters_with_another_end(cycle),
        }
    )
    return render(request, "budgeting/letters_desk.html", context, status=desk.status)


@officers_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("number", "second_number")
def officers_desk(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Put one person on the roll whose papers two officers have seen."""
    cycle = visible_cycle(request.user, slug)
    said = eligibility_of(cycle)
    places = [place.pk for place in places_of_roll(said)]
    asking_where: Acts = {
        name: (partial(form, places), act)
        for name, (form, act) in PERSON_ACTS.items()
        if form in (PersonForm, SecondForm)
    }
    desk = Desk(request, cycle, {**PERSON_ACTS, **asking_where})
    answer = desk.act()
    if answer is not None:
        return answer
    waiting = list(pending_requests(cycle, ROLL).filter(parameters__source="person"))
    mine = [asked for asked in waiting if asked.requested_by_id == request.user.pk]
    context = desk.context() | {
        "waiting": len(waiting) - len(mine),
        "mine": mine,
        "rules": said and rules_of_voting(said),
        "of_homes": is_of_homes(cycle),
    }
    return render(request, "budgeting/officers_desk.html", context, status=desk.status)


def _looked_through(desk: Desk) -> dict[str, Any]:
    """What is wrong with a file that was looked through, and the form that asks for the rest."""
    checked = CheckedForm.of(desk.cycle, desk.report) if desk.report else None
    wants_all = desk.name == "wrong_lines" or bool(desk.report and desk.report.left_out)
    return {"report": desk.report, "checked": checked, "wants_all": wants_all}


def _say_who(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    set_eligibility(cycle, by=request.user, **desk.given)
    return back(request, "roll_desk", cycle, _("Kept. It is fixed once the cycle opens."))


def _ask_residents(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_residents(cycle, day=desk.given["day"], by=request.user)
    return back(request, "roll_desk", cycle, _("Now another administrator has to agree."))


def _agree_residents(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    batch = add_residents(cycle, desk.given["asked"], by=request.user)
    return back(request, "roll_desk", cycle, _added(batch.added))


def _check(_request: SignedInRequest, cycle: Cycle, desk: Desk) -> None:
    desk.report = check_file(cycle, desk.given["file"])


def _wrong(_request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponseBase:
    """Every line with something wrong: a town's file has more of them than a page shows."""
    found = wrong_in_file(cycle, desk.given["file"])
    return csv_response(f"wrong-lines-{cycle.slug}.csv", ["line", "it"], found)


def _ask_file(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    said = desk.given["checked"]
    if said.pop("cycle") != cycle.pk:
        raise RefusedError(_("Look the file through again."))
    request_file(cycle, by=request.user, **said)
    return back(request, "roll_desk", cycle, _("Now another administrator brings the same file."))


def _agree_file(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    batch = import_file(cycle, desk.given["file"], by=request.user)
    return back(request, "roll_desk", cycle, _added(batch.added))


def _added(number: int) -> str:
    words = ngettext(
        "%(number)s person came onto the roll.", "%(number)s people came onto the roll.", number
    )
    return words % {"number": number}


def _check_letters(_request: SignedInRequest, cycle: Cycle, desk: Desk) -> None:
    desk.report = check_file(cycle, desk.given["file"])


def _ask_letters(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    said = desk.given["checked"]
    if said["cycle"] != cycle.pk:
        raise RefusedError(_("Look the file through again."))
    request_letters(cycle, sha256=said["sha256"], lines=said["lines"], by=request.user)
    words = _("Now another administrator brings the same file.")
    return back(request, "letters_desk", cycle, words)


def _agree_letters(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponseBase:
    written = make_letters(cycle, desk.given["file"], by=request.user)
    address = request.build_absolute_uri(reverse("voting_code", args=[cycle.slug]))
    return StreamingHttpResponse(
        letters_zip(cycle, written, address),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="letters-{cycle.slug}.zip"'},
    )


def _ask_person(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    request_person(cycle, by=request.user, **desk.given)
    words = _("Now another officer, who sees the papers too, types number and neighborhood.")
    return back(request, "officers_desk", cycle, words)


def _agree_person(request: SignedInRequest, cycle: Cycle, desk: Desk) -> HttpResponse:
    seen = desk.given
    batch = add_person(
        cycle, number=seen["second_number"], place=seen["second_place"], by=request.user
    )
    return back(request, "officers_desk", cycle, _added(batch.added))


ROLL_ACTS: Acts = {
    "say_who": (EligibilityForm, _say_who),
    "ask_residents": (ResidentsForm, _ask_residents),
    "agree_residents": (AgreeForm, _agree_residents),
    "check_file": (FileForm, _check),
    "wrong_lines": (FileForm, _wrong),
    "ask_file": (CheckedForm, _ask_file),
    "agree_file": (FileForm, _agree_file),
}
LETTER_ACTS: Acts = {
    "check_file": (FileForm, _check_letters),
    "wrong_lines": (FileForm, _wrong),
    "ask_letters": (CheckedForm, _ask_letters),
    "agree_letters": (FileForm, _agree_letters),
}
# Both forms take the neighborhoods in which people vote first.
PERSON_ACTS: Acts = {
    "ask_person": (PersonForm, _ask_person),
    "agree_person": (SecondForm, _agree_person),
    "take_back": (AgreeForm, take_back_here),
}
