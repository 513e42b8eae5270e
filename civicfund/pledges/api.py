"""Campaigns and pledges over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from civicfund.audit.services import StaleStateError
from civicfund.payments.domain import GatewayUnavailable, RateLimited
from civicfund.people.requests import person_of
from civicfund.pledges.access import own_pledge, readable_updates, visible_campaign
from civicfund.pledges.models import Campaign, CampaignUpdate, Pledge
from civicfund.pledges.models.totals import for_page
from civicfund.pledges.selectors import pledges_of
from civicfund.pledges.selectors.lists import coming, finished, live
from civicfund.pledges.selectors.updates import updates_of
from civicfund.pledges.serializers import (
    CampaignDetailOutput,
    CampaignOutput,
    CardInput,
    PledgeChangeInput,
    PledgeInput,
    PledgeOutput,
    StartedPledgeOutput,
    UpdateOutput,
)
from civicfund.pledges.services.cards import start_card
from civicfund.pledges.services.errors import RefusedError
from civicfund.pledges.services.pledging import cancel_pledge, change_pledge, pledge

Made = TypeVar("Made")

LISTS = {"live": live, "coming": coming, "finished": finished}
# Fields of a refusal that have another name here.
FIELDS = {"amount": "amount_minor", "consent": "consent_version", "zone": "shipping_zone"}


class ProviderSilent(APIException):
    """Nothing was lost; the caller may ask again."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _(
        "The payment provider does not answer just now. Your choice is kept, and nothing was "
        "charged. Ask again in a moment."
    )
    default_code = "provider_silent"


class Campaigns(ListAPIView[Campaign]):
    """Campaigns that take pledges, the one that ends soonest first; those that start soon; or those
    that have ended.
    """

    permission_classes = (AllowAny,)
    serializer_class = CampaignOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Campaign]:
        """The list that ``show`` names."""
        shown = self.request.query_params.get("show", "live")
        if shown not in LISTS:
            raise ValidationError({"show": [_("There is no such list: live, coming or finished.")]})
        return for_page(LISTS[shown]())

    @extend_schema(parameters=[OpenApiParameter("show", enum=list(LISTS), default="live")])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """One page of the list."""
        return self.list(request, *args, **kwargs)


class OneCampaign(APIView):
    """One campaign with its rewards, its terms and its outcome."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=CampaignDetailOutput)
    def get(self, request: Request, pk: int) -> Response:
        """A public campaign, or one's own in any state."""
        return Response(CampaignDetailOutput(visible_campaign(request.user, pk)).data)


class Updates(ListAPIView[CampaignUpdate]):
    """What its creator has told of a campaign, the newest first, as far as one may read it."""

    permission_classes = (AllowAny,)
    serializer_class = UpdateOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[CampaignUpdate]:
        """Those for everybody; those for backers, for whoever is one."""
        if getattr(self, "swagger_fake_view", False):
            return CampaignUpdate.objects.none()
        campaign = visible_campaign(self.request.user, self.kwargs["pk"])
        return updates_of(campaign).filter(pk__in=readable_updates(self.request.user))


class PledgeToCampaign(APIView):
    """A new pledge."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=PledgeInput, responses={201: StartedPledgeOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Keep the choice, and begin to save a card. It counts once the card is saved."""
        campaign = visible_campaign(request.user, pk)
        given = PledgeInput(data=request.data)
        given.is_valid(raise_exception=True)
        backer = person_of(request)
        made = _told(lambda: pledge(campaign, backer=backer, **given.choice()))
        return _with_secret(request, made.pk, status.HTTP_201_CREATED)


class MyPledges(ListAPIView[Pledge]):
    """What I pledged, the newest first."""

    permission_classes = (IsAuthenticated,)
    serializer_class = PledgeOutput
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Pledge]:
        """One's own, without those that were taken back."""
        return pledges_of(person_of(self.request))


class MyPledge(APIView):
    """One of my pledges."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=PledgeOutput)
    def get(self, request: Request, pk: UUID) -> Response:
        """What was promised, and what became of it."""
        return Response(PledgeOutput(own_pledge(person_of(request), pk)).data)

    @extend_schema(request=PledgeChangeInput, responses=PledgeOutput)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Change what is given, until the deadline, under a new consent."""
        mine = own_pledge(person_of(request), pk)
        given = PledgeChangeInput(data=request.data)
        given.is_valid(raise_exception=True)
        _told(lambda: change_pledge(mine, by=person_of(request), **given.choice(mine)))
        return Response(PledgeOutput(own_pledge(person_of(request), pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Take it back, until the deadline: nothing is charged."""
        mine = own_pledge(person_of(request), pk)
        _told(lambda: cancel_pledge(mine, by=person_of(request)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MyPledgeCard(APIView):
    """The card of one of my pledges."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=CardInput, responses=StartedPledgeOutput)
    def post(self, request: Request, pk: UUID) -> Response:
        """Begin to save a card; asking again gives the same secret. To save another one in its
        place is to agree anew, to the words of ``consent_version``.
        """
        own_pledge(person_of(request), pk)
        given = CardInput(data=request.data)
        given.is_valid(raise_exception=True)
        shown = given.validated_data["consent_version"]
        return _with_secret(request, pk, status.HTTP_200_OK, shown=shown)


def _with_secret(request: Request, pk: UUID, code: int, *, shown: str = "") -> Response:
    """The pledge, with the secret that its own backer's browser needs. In the body only."""
    mine = own_pledge(person_of(request), pk)
    intent = _told(lambda: start_card(mine, shown=shown))
    after = own_pledge(person_of(request), pk)
    context = {"client_secret": intent.client_secret}
    answer = Response(StartedPledgeOutput(after, context=context).data, status=code)
    answer["Cache-Control"] = "no-store"
    return answer


def _told(act: Callable[[], Made]) -> Made:
    """What the act made; its refusal as the field and the reason."""
    try:
        return act()
    except RefusedError as refusal:
        field = FIELDS.get(refusal.field, refusal.field) or api_settings.NON_FIELD_ERRORS_KEY
        raise ValidationError({field: [str(refusal)]}) from refusal
    except StaleStateError as refusal:
        raise ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [str(refusal)]}) from refusal
    except (GatewayUnavailable, RateLimited) as silence:
        raise ProviderSilent from silence
