"""States of a project."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class ProjectState(models.TextChoices):
    """How far an idea has come. What becomes of the money is told elsewhere."""

    DRAFT = "draft", _("Draft")
    STUB = "stub", _("Stub")
    READY = "ready", _("Ready")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    MERGED = "merged", _("Merged")
    HIDDEN = "hidden", _("Hidden by moderators")


PROJECT_MOVES: dict[ProjectState, frozenset[ProjectState]] = {
    ProjectState.DRAFT: frozenset({ProjectState.STUB, ProjectState.WITHDRAWN}),
    ProjectState.STUB: frozenset(
        {ProjectState.READY, ProjectState.WITHDRAWN, ProjectState.MERGED, ProjectState.HIDDEN}
    ),
    ProjectState.READY: frozenset(
        {ProjectState.WITHDRAWN, ProjectState.MERGED, ProjectState.HIDDEN}
    ),
    ProjectState.WITHDRAWN: frozenset(),
    # Back, where a moderator undoes a merge.
    ProjectState.MERGED: frozenset({ProjectState.STUB, ProjectState.READY, ProjectState.HIDDEN}),
    # Back to how far it was, where moderators show it again.
    ProjectState.HIDDEN: frozenset(
        {ProjectState.STUB, ProjectState.READY, ProjectState.MERGED, ProjectState.WITHDRAWN}
    ),
}


class FileKind(models.TextChoices):
    """What people add to a project."""

    PICTURE = "picture", _("Picture")
    PDF = "pdf", _("PDF")


class MergeState(models.TextChoices):
    """What became of the wish that one project becomes part of another."""

    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Agreed")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    UNDONE = "undone", _("Undone")


MERGE_MOVES: dict[MergeState, frozenset[MergeState]] = {
    MergeState.ASKED: frozenset({MergeState.AGREED, MergeState.DECLINED, MergeState.WITHDRAWN}),
    MergeState.AGREED: frozenset({MergeState.UNDONE}),
    MergeState.DECLINED: frozenset(),
    MergeState.WITHDRAWN: frozenset(),
    MergeState.UNDONE: frozenset(),
}

# On the list of projects: they can be supported, copied, merged and entered.
LISTED_STATES = (ProjectState.STUB, ProjectState.READY)
PUBLIC_STATES = (*LISTED_STATES, ProjectState.MERGED)


# What happened to a project since it is public that the staff is told of: what stands on its pages
# anyway, and what the staff did. Never who supports, reports, offers or asks, nor who said no.
TOLD_TO_STAFF = frozenset(
    {
        "project.author_on_paper_named",
        "project.came_out_hidden",
        "project.co_author_does",
        "project.co_author_joined",
        "project.edited",
        "project.file_added",
        "project.file_described",
        "project.file_put_in_front",
        "project.file_removed",
        "project.flags_dismissed",
        "project.handed_on",
        "project.join_accepted",
        "project.part_shown_again",
        "project.part_taken_down",
        "project.planned",
        "project.restored",
        "project.taken_down",
        "project.taken_over",
        *(f"project.appeal_{outcome}" for outcome in ("upheld", "lifted")),
        *(f"project.{state}" for state in ProjectState),
    }
)


class Category(models.TextChoices):
    """What a project is about."""

    GREEN = "green", _("Green and parks")
    STREETS = "streets", _("Streets and paths")
    PLAY = "play", _("Play and sport")
    CULTURE = "culture", _("Culture and learning")
    CARE = "care", _("Care and neighbors")
    CLIMATE = "climate", _("Climate and energy")
    OTHER = "other", _("Something else")


class Part(models.TextChoices):
    """What a project may lack, and others can bring."""

    STORY = "story", _("a story: what is to be done, and why")
    PLACE = "place", _("a place on the map")
    COST = "cost", _("what it costs")
    OWNER = "owner", _("somebody who looks after it once it is there")
    PHOTO = "photo", _("a photograph of the place")
    PERMIT = "permit", _("a permit, or somebody who knows how to get it")
    HANDS = "hands", _("hands that help to do it")


# Without these a project is not ready; whether it has them shows in the project itself.
NEEDED_PARTS = (Part.STORY, Part.PLACE, Part.COST)
# What its authors say that they look for.
ASKED_PARTS = (Part.OWNER, Part.PHOTO, Part.PERMIT, Part.HANDS)
# With these may come a file.
FILE_PARTS = (Part.PHOTO, Part.PERMIT)
# Of these there is never too much: they are looked for until the authors say otherwise.
MANY_WELCOME = (Part.HANDS,)


class OfferState(models.TextChoices):
    """What became of an offer to help."""

    WAITING = "waiting", _("Waiting")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


OFFER_MOVES: dict[OfferState, frozenset[OfferState]] = {
    OfferState.WAITING: frozenset({OfferState.ACCEPTED, OfferState.DECLINED, OfferState.WITHDRAWN}),
    OfferState.ACCEPTED: frozenset(),
    OfferState.DECLINED: frozenset(),
    OfferState.WITHDRAWN: frozenset(),
}


class Wrong(models.TextChoices):
    """What may be wrong with what somebody wrote: why it is reported, and why it is hidden."""

    INSULT = "insult", _("It insults or threatens people")
    PRIVATE = "private", _("It tells private things about somebody")
    ADVERT = "advert", _("It advertises, or was posted in many places")
    OFF_TOPIC = "off_topic", _("It has nothing to do with this")
    ILLEGAL = "illegal", _("It seems to be illegal")
    OTHER = "other", _("Something else")


# Beside what is wrong, a project is reported for being there twice, which nothing is hidden for.
SAME = "same"
FLAG_REASONS = [
    *(pair for pair in Wrong.choices if pair[0] != Wrong.OTHER),
    (SAME, _("It is the same as another project")),
    (Wrong.OTHER.value, Wrong.OTHER.label),
]


class AppealOutcome(models.TextChoices):
    """What another moderator decided on an appeal."""

    UPHELD = "upheld", _("It stays hidden")
    LIFTED = "lifted", _("It is shown again")


# What happens to a project, as people read it.
PROJECT_EVENT_WORDS: dict[str, Promise | str] = {
    "project.appeal_lifted": _("An appeal for a project was granted"),
    "project.appeal_upheld": _("An appeal for a project was refused"),
    "project.appealed": _("The authors of a hidden project appealed"),
    "project.author_on_paper_named": _("Who handed a project in was corrected"),
    "project.came_out_hidden": _("A project came out of a merge hidden"),
    "project.co_author_declined": _("An invitation to write it was declined"),
    "project.co_author_does": _("It was said what a co-author does"),
    "project.co_author_invited": _("A co-author was invited"),
    "project.co_author_joined": _("A co-author joined"),
    "project.co_author_left": _("A co-author left"),
    "project.co_author_not_invited": _("An invitation to write it was taken back"),
    "project.co_author_removed": _("A co-author was taken out"),
    "project.copied": _("It was begun as a copy of another"),
    "project.created": _("It was begun"),
    "project.edited": _("It was changed"),
    "project.file_added": _("A picture or a paper was added"),
    "project.file_described": _("What a picture or a paper shows was said anew"),
    "project.file_put_in_front": _("A picture was put in front"),
    "project.file_removed": _("A picture or a paper was removed"),
    "project.flagged": _("Somebody reported it"),
    "project.flags_dismissed": _("Reports of a project were answered: it stays"),
    "project.handed_on": _("It is a co-author's: whoever began it has left"),
    "project.help_offered": _("Somebody offered help"),
    "project.join_accepted": _("Somebody who asked to write it was let in"),
    "project.join_asked": _("Somebody asked to write it, too"),
    "project.join_declined": _("Somebody who asked to write it was declined"),
    "project.join_taken_back": _("Somebody no longer asks to write it"),
    "project.merge_asked": _("It was asked that it become part of another"),
    "project.not_supported": _("A support was taken back"),
    "project.part_shown_again": _("A part of a project is shown again"),
    "project.part_taken_down": _("A part of a project was taken down"),
    "project.planned": _("Its plan was written"),
    "project.restored": _("A project is shown again"),
    "project.supported": _("Somebody supported it"),
    "project.taken_down": _("A project was hidden"),
    "project.taken_over": _("Whoever handed a project in took it over"),
    **{
        f"project.{state}": format_lazy(_("From now on: {state}"), state=state.label)
        for state in ProjectState
    },
}
