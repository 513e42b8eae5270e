"""What the made-up residents say about each other's projects."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from civicfund.people.models import User
from civicfund.pledges.enums import Audience
from civicfund.pledges.models import Campaign
from civicfund.pledges.services.updates import publish_update
from civicfund.projects.models import Project
from civicfund.talk.access import visible_subject
from civicfund.talk.enums import SubjectKind, Wrong
from civicfund.talk.services import answer_for_city, flag_comment, follow, write_comment
from civicfund.town.demo.accounts import account

SAID = (
    ("I walk past there every day, and this is what I miss.", "Me too, with two children."),
    ("Who looks after it once it is there?", "Our club would, two evenings a month."),
    ("Good, but could it stand on the sunny side?", "Then the bins would have to move."),
    ("Next year would be soon enough for me.", "It was said last year, too."),
)
ASKED = (
    ("Does the town own this ground?", "Yes. It needs no permit beyond the one for building."),
    ("Would the town mow it?", ""),
)
TALKED_ABOUT = 12


# By the title of the campaign's project.
UPDATES = {
    "Orchard for everyone": (
        ("The trees are ordered", "Twelve old kinds, from the nursery at the mill.", Audience.ALL),
        ("Who comes to plant?", "Saturday at nine, gloves are there.", Audience.BACKERS),
    ),
    "Cider press for the neighborhood": (
        ("We have found a press", "It is sixty years old and works. We fetch it.", Audience.ALL),
    ),
}


# To creators, with what they answer; the last one waits.
ASKED_OF_CREATORS = (
    ("Orchard for everyone", "May everybody pick?", "Yes. Leave some for those after you."),
    ("Cider press for the neighborhood", "Can we bring our own apples?", ""),
)


def ask_creators(residents: Sequence[User]) -> None:
    """Questions to creators of campaigns: one is answered, one waits."""
    for title, question, answer in ASKED_OF_CREATORS:
        campaign = Campaign.objects.select_related("creator").get(project__title=title)
        asker = next(each for each in residents if each != campaign.creator)
        subject = visible_subject(asker, SubjectKind.CAMPAIGN, campaign.pk)
        asked = write_comment(subject, by=asker, body=question, asks_creator=True)
        if answer:
            write_comment(subject, by=campaign.creator, body=answer, parent=asked)


def make_updates() -> None:
    """What creators of live campaigns tell, one of it to backers only."""
    for title, told in UPDATES.items():
        campaign = Campaign.objects.select_related("creator").get(project__title=title)
        for headline, body, audience in told:
            publish_update(
                campaign, by=campaign.creator, title=headline, body=body, audience=audience
            )


def make_talk(projects: Sequence[Project], residents: Sequence[User], random: Random) -> None:
    """Comments, answers, questions to the city and one report, about a dozen public projects."""
    for number, project in enumerate(projects[:TALKED_ABOUT]):
        subject = visible_subject(residents[0], SubjectKind.PROJECT, project.pk)
        first, second = random.sample(list(residents), 2)
        said, answered = SAID[number % len(SAID)]
        comment = write_comment(subject, by=first, body=said)
        write_comment(subject, by=second, body=answered, parent=comment)
        follow(subject, by=first)
        question, answer = ASKED[number % len(ASKED)]
        asked = write_comment(subject, by=second, body=question, asks_city=True)
        if answer:
            answer_for_city(asked, subject, by=account("spokesperson"), body=answer)
        if number == 0:
            flag_comment(comment, by=second, reason=Wrong.OFF_TOPIC, words="To try the desk with.")
