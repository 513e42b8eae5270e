"""Acts of a proposer: write, publish, change and withdraw a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypedDict, Unpack

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from civicfund import words
from civicfund.audit.services import advance, record
from civicfund.people.models import User
from civicfund.places.enums import PlaceKind
from civicfund.places.models import Neighborhood
from civicfund.places.selectors import Outlines
from civicfund.projects.enums import (
    LISTED_STATES,
    PROJECT_MOVES,
    Category,
    ProjectState,
)
from civicfund.projects.models import MOST_PER_LINE_MINOR, CostLine, OfferFile, Project, Version
from civicfund.projects.selectors import HELD_FIELDS, missing_parts, why_held
from civicfund.projects.selectors.history import latest_version
from civicfund.projects.services.authors import forget_wishes, take_back_invitations
from civicfund.projects.services.errors import OvertakenError, ProjectError
from civicfund.projects.services.hearing import let_authors_hear
from civicfund.projects.services.holding import (
    CHANGEABLE,
    check_may_show,
    check_may_write,
    hold_authored,
    hold_whole,
)
from civicfund.projects.services.merging import lay_down_requests, release_parts
from civicfund.projects.services.versions import keep_first_version, keep_version
from civicfund.states import IllegalMoveError
from civicfund.words import one_line

MOST_COST_LINES = 30


class Cost(NamedTuple):
    """One thing that the project has to pay for."""

    label: str
    amount_minor: int


class Description(TypedDict, total=False):
    """What a proposer writes. Without a neighborhood, the one at the point is taken."""

    title: str
    summary: str
    story: str
    category: Category
    neighborhood: Neighborhood | None
    latitude: float | None
    longitude: float | None
    address: str
    running_minor: int | None
    lifetime_years: int | None
    wanted: Sequence[str]
    cost_lines: Sequence[Cost]


def create_project(
    proposer: User, *, handed_in_by: str = "", **description: Unpack[Description]
) -> Project:
    """A draft that only its proposer sees; with the name of whoever handed it in on paper, where
    they only enter it. Raises ``ProjectError``.
    """
    check_may_write(proposer)
    project = Project(proposer=proposer, handed_in_by=handed_in_by)
    with transaction.atomic():
        fields = _write(project, description)
        keep_version(project, by=proposer)
        record("project.created", project, actor=proposer, fields=fields)
    return project


def copy_project(original: Project, *, neighborhood: Neighborhood, by: User) -> Project:
    """A draft of somebody's own for another place, with the words and costs of a public project.

    It has no point yet, and its first version credits whoever proposed the original.
    """
    check_may_write(by)
    if original.state not in LISTED_STATES:
        raise ProjectError(_("Only a project on the list can be copied."))
    if original.neighborhood_id == neighborhood.pk:
        raise ProjectError(
            _("It is proposed here already: support it, or offer help."), field="neighborhood"
        )
    copy = Project(proposer=by, copied_from=original)
    with transaction.atomic():
        _write(copy, _carried(original) | Description(neighborhood=neighborhood))
        keep_version(copy, by=by, helper=None if original.handed_in_by else original.proposer)
        record("project.copied", copy, actor=by, original=original.pk)
    return copy


def _carried(original: Project) -> Description:
    """What a copy has of its original: all that is true in another place, too."""
    return Description(
        title=original.title,
        summary=original.summary,
        story=original.story,
        category=Category(original.category),
        running_minor=original.running_minor,
        lifetime_years=original.lifetime_years,
        cost_lines=cost_lines_of(original),
    )


def edit_project(
    project: Project, *, by: User, seen: int | None = None, **changes: Unpack[Description]
) -> Project:
    """Change what is given, and nothing else. A ready project keeps all its parts.

    Raises ``OvertakenError`` where ``seen``, the number of the version that the changes began with,
    is no longer the latest; ``ProjectError`` where it is not theirs, gone, or would lose a part,
    and where people vote or pledge on what would change.
    """
    with transaction.atomic():
        row = hold_authored(project, by)
        if seen is not None and seen != latest_version(row):
            raise OvertakenError
        change_held(row, changes, by=by)
    return row


def change_held(
    row: Project,
    changes: Description,
    *,
    by: User,
    helper: User | None = None,
    restored: int | None = None,
) -> None:
    """The change itself, with its version and its event. The caller holds the project's lock."""
    if row.state not in CHANGEABLE:
        raise ProjectError(_("A project that is gone can no longer be changed."))
    check_may_show(row, by)
    _check_not_held(row, changes)
    keep_first_version(row)
    fields = _write(row, changes)
    if row.state == ProjectState.READY:
        _check_complete(row)
    keep_version(row, by=by, helper=helper, restored=restored)
    record("project.edited", row, actor=by, fields=fields)


def restore_version(project: Project, number: int, *, by: User) -> Project:
    """Let the project say again what it said in an earlier version; a new version says so.

    What is refused of any other change is refused here.
    """
    with transaction.atomic():
        row = hold_authored(project, by)
        wanted = row.versions.select_related("neighborhood").filter(number=number).first()
        if wanted is None:
            raise ProjectError(_("There is no such version."))
        if wanted.veil:
            raise ProjectError(_("Moderators have taken this version down."))
        change_held(row, _described(wanted), by=by, restored=number)
    return row


def _described(version: Version) -> Description:
    said = Description(
        title=version.title,
        summary=version.summary,
        story=version.story,
        category=Category(version.category),
        neighborhood=version.neighborhood,
        latitude=version.latitude,
        longitude=version.longitude,
        address=version.address,
        running_minor=version.running_minor,
        lifetime_years=version.lifetime_years,
        cost_lines=[Cost(label, amount_minor) for label, amount_minor in version.cost_lines],
    )
    if version.wanted is not None:
        said["wanted"] = version.wanted
    return said


def publish_project(project: Project, *, by: User) -> Project:
    """Show a draft to everybody: ready where nothing is missing, a stub otherwise. Its authors
    hear of it from then on.

    A stub becomes ready; ``ProjectError`` says what it still lacks.
    """
    check_may_write(by)
    with transaction.atomic():
        row = hold_authored(project, by)
        if row.state not in (ProjectState.DRAFT, ProjectState.STUB):
            raise ProjectError(_("This project is not waiting to be published."))
        if row.state == ProjectState.DRAFT:
            keep_first_version(row)
            # The last change to its draft is its authors' own, too.
            row = advance(row, ProjectState.STUB, PROJECT_MOVES, actor=by, updated_at=Now())
            keep_version(row, by=by)
            let_authors_hear(row)
            if missing_parts(row):
                return row
        _check_complete(row)
        return advance(row, ProjectState.READY, PROJECT_MOVES, actor=by)


def withdraw_project(project: Project, *, by: User) -> Project:
    """Take a project back, for good. What others had made part of it is theirs again, nobody is
    asked to write it or waits for an answer, and no file waits with an offer to it."""
    with transaction.atomic():
        row = hold_whole(project, by)
        if held := why_held(row):
            raise ProjectError(held)
        if row.merged_into_id:
            raise ProjectError(_("This project can no longer be withdrawn."))
        try:
            take_back_invitations(row.invitations.all())
            forget_wishes(row.join_wishes.all())
            gone = advance(row, ProjectState.WITHDRAWN, PROJECT_MOVES, actor=by)
        except IllegalMoveError:
            raise ProjectError(_("This project can no longer be withdrawn.")) from None
        OfferFile.objects.filter(offer__project=gone).delete()
        release_parts(gone, by=by)
        lay_down_requests(gone, by=by)
    return gone


def _check_complete(project: Project) -> None:
    missing = missing_parts(project)
    if missing:
        parts = "; ".join(str(part.label) for part in missing)
        raise ProjectError(_("To be ready it still needs: %(parts)s.") % {"parts": parts})


def _check_not_held(project: Project, changes: Description) -> None:
    changed = [name for name in sorted(HELD_FIELDS) if _would_change(project, name, changes)]
    if changed and (held := why_held(project)):
        raise ProjectError(
            _("%(reason)s Title, sentence, place and costs stay until then; the story can grow.")
            % {"reason": held},
            field=changed[0],
        )


def _would_change(project: Project, name: str, changes: Description) -> bool:
    if name not in changes:
        return False
    if name == "cost_lines":
        return list(changes["cost_lines"]) != cost_lines_of(project)
    new = dict(changes)[name]
    return new != getattr(project, name) and not (name == "neighborhood" and new is None)


def cost_lines_of(project: Project) -> list[Cost]:
    """The lines as they stand, in their order."""
    return [Cost(line.label, line.amount_minor) for line in project.cost_lines.all()]


def _write(project: Project, description: Description) -> list[str]:
    """Save what is given; the names of the fields, for the event."""
    given = dict(description) | _as_seen(description)
    lines = given.pop("cost_lines", None)
    if {"neighborhood", "latitude", "longitude"} & given.keys():
        given["neighborhood"] = _settled_place(project, description)
    for name, value in given.items():
        setattr(project, name, value)
    # Only what is given: a proposer who has left stands in the row, and nothing may name them anew.
    project.save(update_fields=[*given, "updated_at"] if project.pk else None)
    if lines is not None and list(description["cost_lines"]) != cost_lines_of(project):
        _replace_cost_lines(project, description["cost_lines"])
    return sorted(description)


def _as_seen(description: Description) -> Description:
    """What is written of it in words, without what cannot be seen. Raises ``ProjectError``."""
    found = Description()
    if "title" in description:
        found["title"] = one_line(description["title"])
        if not found["title"]:
            raise ProjectError(_("Give it a title."), field="title")
    if "summary" in description:
        found["summary"] = one_line(description["summary"])
        if not found["summary"]:
            raise ProjectError(_("Say in one sentence what it is about."), field="summary")
    if "story" in description:
        found["story"] = words.seen(description["story"])
    if "address" in description:
        found["address"] = one_line(description["address"])
    return found


def _settled_place(project: Project, description: Description) -> Neighborhood:
    """The neighborhood that was named, where the point is in it; else the one at the point."""
    known = project.neighborhood if project.neighborhood_id else None
    named = description.get("neighborhood", known)
    latitude = description.get("latitude", project.latitude)
    longitude = description.get("longitude", project.longitude)
    if (latitude is None) != (longitude is None):
        raise ProjectError(_("A point needs a latitude and a longitude."), field="latitude")
    if latitude is None or longitude is None:
        if named is None:
            raise ProjectError(
                _("Choose a neighborhood, or a point on the map."), field="neighborhood"
            )
        return named
    return place_of_point(latitude, longitude, named)


def place_of_point(
    latitude: float,
    longitude: float,
    named: Neighborhood | None,
    *,
    outlines: Outlines | None = None,
) -> Neighborhood:
    """The place that was named, where the point is in it; else the one at the point.

    Raises ``ProjectError`` for a point elsewhere. ``outlines`` where many points are asked for.
    """
    found = (outlines or Outlines()).at(latitude, longitude)
    if named is not None and named.boundary is None and named.kind == PlaceKind.NEIGHBORHOOD:
        return named  # nobody has drawn it: the point cannot be checked
    if found is None:
        raise ProjectError(_("This point is outside the town."), field="latitude")
    if named is None:
        return found
    if not Neighborhood.objects.within(named).filter(pk=found.pk).exists():
        raise ProjectError(
            _("The point is in %(found)s, not in %(named)s. Choose %(found)s, or another point.")
            % {"found": found, "named": named},
            field="neighborhood",
        )
    return named


def _replace_cost_lines(project: Project, lines: Sequence[Cost]) -> None:
    if len(lines) > MOST_COST_LINES:
        raise ProjectError(
            _("No more than %(most)s lines, please.") % {"most": MOST_COST_LINES},
            field="cost_lines",
        )
    if any(not 0 < line.amount_minor <= MOST_PER_LINE_MINOR for line in lines):
        raise ProjectError(_("Every line needs an amount above zero."), field="cost_lines")
    project.cost_lines.all().delete()
    CostLine.objects.bulk_create(
        CostLine(
            project=project, position=position, label=line.label, amount_minor=line.amount_minor
        )
        for position, line in enumerate(lines, start=1)
    )
