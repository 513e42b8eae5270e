"""What projects hold of a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from civicfund.holdings import columns, erases, holds, leaves_out
from civicfund.projects.models import (
    CoAuthor,
    JoinWish,
    Merge,
    Offer,
    OfferFile,
    Project,
    ProjectFile,
    ProjectFlag,
    ProjectHiding,
    Support,
    Version,
)
from civicfund.projects.services.forgetting import forget_author


def declare() -> None:
    """Say it."""
    erases(forget_author)
    holds(
        "projects", _("Projects that you proposed"), Project, "proposer",
        columns(
            "id state title summary story category neighborhood__name latitude longitude address"
            " running_minor lifetime_years created_at published_at updated_at"
        ),
    )  # fmt: skip
    holds(
        "written_together", _("Projects that you write with others"), CoAuthor, "user",
        columns("project__title since does"),
    )  # fmt: skip
    holds(
        "wishes_to_join", _("Projects that you asked to write with others"), JoinWish, "person",
        columns("project__title words asked_at declined_at"),
    )  # fmt: skip
    holds(
        "versions", _("What you wrote in projects, version by version"), Version, "author",
        columns("project_id number at title summary story address is_public"),
    )  # fmt: skip
    holds(
        "offers", _("What you offered to projects"), Offer, "by",
        columns("project__title part words latitude longitude cost_lines state offered_at"),
    )  # fmt: skip
    holds(
        "files_of_offers", _("Pictures and papers that wait with your offers"), OfferFile,
        "offer__by", columns("offer__project__title offer__part kind words size"),
    )  # fmt: skip
    holds(
        "files", _("Pictures and papers that you added"), ProjectFile, "added_by",
        columns("id project__title kind words size added_at"),
    )  # fmt: skip
    holds(
        "supports", _("Projects that you support"), Support, "person",
        columns("project__title at"),
    )  # fmt: skip
    holds(
        "merges", _("Projects that you asked to make one"), Merge, "asked_by",
        columns("project__title into__title state reason asked_at decided_at"),
    )  # fmt: skip
    holds(
        "reports_of_projects", _("Projects that you reported"), ProjectFlag, "reporter",
        columns("project_id reason other_id words"),
    )  # fmt: skip
    holds(
        "hidden_projects", _("What moderators hid of your projects, and why"), ProjectHiding,
        "project__proposer", columns("project__title reason words hidden_at outcome"),
    )  # fmt: skip
    holds(
        "appeals_of_projects", _("Your appeals for hidden projects"), ProjectHiding,
        "appealed_by", columns("project__title appeal_words appealed_at outcome"),
    )  # fmt: skip
    leaves_out(
        _("Done as a moderator to somebody else's project; it stands among your acts."),
        "projects.ProjectHiding.hidden_by",
        "projects.ProjectHiding.decided_by",
        "projects.ProjectHiding.lifted_by",
        "projects.Veil.veiled_by",
        "projects.Veil.lifted_by",
    )
    leaves_out(
        _("Somebody else asked: your answer stands among your acts."), "projects.Merge.decided_by"
    )
    leaves_out(
        _("Somebody else wrote it; what you brought stands among your offers."),
        "projects.Version.helper",
    )
