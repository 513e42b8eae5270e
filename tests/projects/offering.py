"""Somebody who offers help."""

from __future__ import annotations

from civicfund.projects.enums import Part
from civicfund.projects.services.offers import (
    Help,
    accept_offer,
    decline_offer,
    offer_help,
    withdraw_offer,
)
from tests.factories.projects import ProjectFactory


def offers_help(person, words):
    """In every state that an offer can be in, each in these words."""
    for act in (None, accept_offer, decline_offer, withdraw_offer):
        project = ProjectFactory(wanted=["owner"])
        offer = offer_help(project, Part.OWNER, Help(words), by=person)
        if act:
            act(offer, by=person if act is withdraw_offer else project.proposer)
