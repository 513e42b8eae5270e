"""What of cycles waits for whom: acts that a second person may agree to, reviews to be given."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from budgeting.enums import ACT_WORDS, BEFORE_THE_CLOSE, CycleState, RollSource
from budgeting.models import ChangeRequest, Cycle, Review
from budgeting.selectors.asked import is_possible, may_ask
from budgeting.selectors.reviews import with_a_reviewer
from civicfund.audit.models import LAPSES_AFTER, ActRequest
from civicfund.audit.services import db_now
from civicfund.people.enums import Role
from civicfund.people.models import User
from civicfund.projects.access import authored_by
from civicfund.projects.models import Project

_Admin = Role.BUDGET_ADMINISTRATOR
# Who agrees to an act, and on which page.
_SECOND: dict[str, tuple[Role, str]] = {
    "cycle.appropriate": (Role.TREASURER, "cycle_money"),
    "cycle.open": (_Admin, "cycle_desk"),
    "cycle.extend": (_Admin, "extending"),
    "cycle.move_phase": (_Admin, "moving"),
    "cycle.cancel": (_Admin, "cycle_desk"),
    "cycle.roll": (_Admin, "roll_desk"),
    "cycle.letters": (_Admin, "letters_desk"),
    "cycle.keying_anew": (_Admin, "paper_desk"),
    "cycle.unseal": (_Admin, "unsealing"),
    "cycle.publish": (Role.CERTIFIER, "cycle_desk"),
}


@dataclass(frozen=True, slots=True)
class AskedOnCycle:
    """An act on a cycle that somebody asked for and another may agree to now."""

    request: ActRequest
    cycle: Cycle

    @property
    def at_the_counter(self) -> bool:
        """Whether two officers see to it together, with the person before them."""
        return bool(self.request.parameters.get("source") == RollSource.PERSON)

    @property
    def role(self) -> Role:
        """Whose it is to agree."""
        return Role.POLL_OFFICER if self.at_the_counter else _SECOND[self.request.act][0]

    @property
    def page(self) -> str:
        """The name of the page on which that is done."""
        return "officers_desk" if self.at_the_counter else _SECOND[self.request.act][1]

    @property
    def address(self) -> str:
        """The page on which that is done."""
        return reverse(self.page, args=[self.cycle.slug])

    @property
    def words(self) -> str:
        """What is to be done, as people say it."""
        return str(ACT_WORDS[self.request.act])


def asked_on_cycles() -> list[AskedOnCycle]:
    """All that waits for a second person on any cycle, the oldest first."""
    label = Cycle._meta.label_lower
    waiting = ActRequest.objects.filter(
        may_ask(),
        target_type=label,
        act__in=_SECOND,
        approval__isnull=True,
        withdrawal__isnull=True,
        at__gt=Now() - LAPSES_AFTER[label],
    )
    asked = list(waiting.order_by("pk"))
    now, rows = db_now(), Cycle.objects.prefetch_related("phases")
    cycles = rows.in_bulk({int(each.target_id) for each in asked})
    found = [AskedOnCycle(each, cycles[int(each.target_id)]) for each in asked]
    return [each for each in found if is_possible(each.request, each.cycle, now)]


def reviews_for(reviewer: User) -> QuerySet[Review]:
    """What a reviewer can give now: theirs, or nobody's.

    Not what waits for its authors, nor what they write themselves or have looked at.
    """
    asked = ChangeRequest.objects.held_up().filter(proposal=OuterRef("proposal"))
    own = Project.objects.filter(authored_by(reviewer)).order_by().values("pk")
    standing = Review.objects.standing()
    of_round = standing.filter(proposal=OuterRef("proposal"), round=OuterRef("round"))
    looked = of_round.filter(reviewer=reviewer).exclude(pk=OuterRef("pk"))
    rows = with_a_reviewer(Review.objects.waiting().in_time()).filter(
        Q(reviewer=reviewer) | Q(has_reviewer=False),
        ~Exists(asked),
        ~Exists(looked),
        proposal__cycle__state=CycleState.OPEN,
    )
    return rows.exclude(proposal__project__in=own)


def reviews_of_nobody() -> QuerySet[Review]:
    """What administrators have still to give out."""
    rows = with_a_reviewer(Review.objects.waiting().in_time())
    return rows.filter(Q(has_reviewer=False), proposal__cycle__state__in=BEFORE_THE_CLOSE)


def to_certify() -> QuerySet[Cycle]:
    """Cycles that are counted, and nobody has certified."""
    return Cycle.objects.filter(state=CycleState.COUNTED)
