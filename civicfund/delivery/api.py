"""Plans over the API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from civicfund.delivery.selectors import plan_of
from civicfund.delivery.serializers import MilestoneOutput
from civicfund.projects.access import visible_project


class ProjectPlan(APIView):
    """By which milestones a project's money leaves, and how far it is."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=MilestoneOutput(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """A plan's milestones in their order, all of them; none where there is no plan."""
        plan = plan_of(visible_project(request.user, pk))
        return Response(MilestoneOutput(plan, many=True).data)
