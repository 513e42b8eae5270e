"""Cycles, the ballot and results over the API."""

from __future__ import annotations

import structlog
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgeting.access import roll_entry_of, visible_cycle, visible_cycles
from budgeting.models import Cycle, RollEntry
from budgeting.selectors import ballot_status, pots_on_ballot, results_of, turnout
from budgeting.serializers import (
    BallotInput,
    BallotStatusOutput,
    CastOutput,
    CycleDetailOutput,
    CycleOutput,
    ExtensionOutput,
    MoveOutput,
    RefusalOutput,
    ResultsOutput,
)
from budgeting.services.ballots import cast
from budgeting.services.errors import BallotRefusedError, NotOnRollError, VotingClosedError
from budgeting.services.urns import NO_KEY, SlotKeyMissingError
from civicfund.people.requests import person_of

log = structlog.get_logger(__name__)


class Cycles(ListAPIView[Cycle]):
    """Every cycle that is open or was, the newest first."""

    permission_classes = (AllowAny,)
    serializer_class = CycleOutput
    filterset_fields = ("state", "origin")

    def get_queryset(self) -> QuerySet[Cycle]:
        """As the pages show them."""
        if getattr(self, "swagger_fake_view", False):
            return Cycle.objects.none()
        return visible_cycles(self.request.user).order_by("-pk")


class OneCycle(APIView):
    """One cycle with its pots and options."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=CycleDetailOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Everything that a voter may know before the close; nothing of what others chose."""
        cycle = visible_cycle(request.user, slug)
        pots = cycle.pots.select_related("place").prefetch_related("options__proposal")
        said = CycleOutput(cycle).data | {
            "voters": turnout(cycle),
            "extensions": ExtensionOutput(cycle.extensions.all(), many=True).data,
            "moves": MoveOutput(cycle.moves_of_phases.all(), many=True).data,
            "pots": CycleDetailOutput().fields["pots"].to_representation(pots),
        }
        return Response(said)


class MyBallot(APIView):
    """The caller's own ballot: whether it is cast; and casting it."""

    @extend_schema(responses=BallotStatusOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Where the voter stands, and which pots they decide on."""
        cycle = visible_cycle(request.user, slug)
        entry = roll_entry_of(cycle, request.user)
        if entry is None:
            return _refused("You are not on the voter roll of this cycle.", 403)
        return Response(_status(cycle, entry))

    @extend_schema(
        request=BallotInput,
        responses={
            200: CastOutput,
            201: CastOutput,
            400: RefusalOutput,
            403: RefusalOutput,
            409: RefusalOutput,
            503: RefusalOutput,
        },
    )
    def put(self, request: Request, slug: str) -> Response:
        """Cast the whole ballot; the last one counts. 201 for the first, 200 for a changed one."""
        cycle = visible_cycle(request.user, slug)
        given = BallotInput(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            told = cast(cycle, person_of(request), given.choices())
        except NotOnRollError as refusal:
            return _refused(str(refusal), status.HTTP_403_FORBIDDEN)
        except VotingClosedError as refusal:
            return _refused(str(refusal), status.HTTP_409_CONFLICT)
        except BallotRefusedError as refusal:
            return _refused(str(refusal), status.HTTP_400_BAD_REQUEST, refusal)
        except SlotKeyMissingError:
            log.exception("ballot.no_slot_key", cycle=cycle.pk)
            return _refused(str(NO_KEY), status.HTTP_503_SERVICE_UNAVAILABLE)
        first_or_changed = status.HTTP_200_OK if told.changed else status.HTTP_201_CREATED
        return Response(CastOutput(told).data, status=first_or_changed)

    post = put


def _status(cycle: Cycle, entry: RollEntry) -> dict[str, object]:
    told = ballot_status(cycle, entry)
    return dict(
        BallotStatusOutput(
            {
                "standing": told.standing,
                "cast_at": told.cast_at,
                "voting_ends_at": cycle.voting_ends_at,
                "pots": [pot.pk for pot in pots_on_ballot(cycle, entry)],
            }
        ).data
    )


def _refused(why: str, code: int, ballot: BallotRefusedError | None = None) -> Response:
    said: dict[str, object] = {"detail": why}
    if ballot and ballot.by_pot:
        said["pots"] = {str(pot): words for pot, words in ballot.by_pot.items()}
    if ballot and ballot.options:
        said["options"] = {str(pot): option for pot, option in ballot.options.items()}
    return Response(said, status=code)


class Results(APIView):
    """The outcome of every pot, once it is published."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=ResultsOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Who won and why; before the outcome is published, only how far the cycle has come."""
        cycle = visible_cycle(request.user, slug)
        shown = results_of(cycle) if cycle.shows_outcome else []
        void = cycle.void_ballots if cycle.shows_outcome else 0
        return Response(
            ResultsOutput({"state": cycle.state, "void_ballots": void, "pots": shown}).data
        )
