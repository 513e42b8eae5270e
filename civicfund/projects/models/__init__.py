"""Projects and what belongs to them."""

from civicfund.projects.models.authors import (
    INVITATION,
    CoAuthor,
    Invitation,
    InvitationPause,
    JoinWish,
    JoinWishQuerySet,
)
from civicfund.projects.models.files import (
    FileContent,
    ProjectFile,
    ProjectFileQuerySet,
)
from civicfund.projects.models.merges import (
    Merge,
)
from civicfund.projects.models.moderation import (
    Hidden,
    HiddenQuerySet,
    ProjectFlag,
    ProjectHiding,
    ProjectHidingQuerySet,
    Report,
    ReportQuerySet,
    Veil,
    VeilQuerySet,
)
from civicfund.projects.models.offers import (
    Offer,
    OfferFile,
    OfferFileQuerySet,
    OfferQuerySet,
)
from civicfund.projects.models.projects import (
    LONGEST_STORY,
    MOST_PER_LINE_MINOR,
    MOST_YEARS,
    CostLine,
    Project,
    ProjectQuerySet,
    Support,
)
from civicfund.projects.models.versions import (
    Version,
    VersionQuerySet,
)

__all__ = [
    "INVITATION",
    "LONGEST_STORY",
    "MOST_PER_LINE_MINOR",
    "MOST_YEARS",
    "CoAuthor",
    "CostLine",
    "FileContent",
    "Hidden",
    "HiddenQuerySet",
    "Invitation",
    "InvitationPause",
    "JoinWish",
    "JoinWishQuerySet",
    "Merge",
    "Offer",
    "OfferFile",
    "OfferFileQuerySet",
    "OfferQuerySet",
    "Project",
    "ProjectFile",
    "ProjectFileQuerySet",
    "ProjectFlag",
    "ProjectHiding",
    "ProjectHidingQuerySet",
    "ProjectQuerySet",
    "Report",
    "ReportQuerySet",
    "Support",
    "Veil",
    "VeilQuerySet",
    "Version",
    "VersionQuerySet",
]
