"""The kinds of people whom the declaration of routes tells apart."""

from __future__ import annotations

from civicfund.people.enums import Role

People = frozenset[str]

# Nobody signs in as a trustee: they hold paper, and two of them type at an administrator's desk.
ANONYMOUS = "anonymous"
# At home here and nothing else; who wrote everything; who writes with them; who is on the roll.
RESIDENT, OWNER, CO_AUTHOR, VOTER = "resident", "owner", "co_author", "voter"
# Every power of Django's and no role; and every role, but signed in by password alone.
SUPERUSER, NO_SECOND_FACTOR = "superuser", "no_second_factor"
ROLES = tuple(str(role) for role in Role)
SIGNED_IN = (RESIDENT, OWNER, CO_AUTHOR, VOTER, *ROLES, SUPERUSER, NO_SECOND_FACTOR)
PEOPLE = (ANONYMOUS, *SIGNED_IN)

NOBODY: People = frozenset()
ANYONE, MEMBERS = frozenset(PEOPLE), frozenset(SIGNED_IN)
EVERY_ROLE_BUT = "every role but "


def every_role_but(people: People) -> str:
    """The name of somebody who holds each role that is not among these: one person stands for all
    whom a page is to keep out, since to hold one more role closes no door.
    """
    return EVERY_ROLE_BUT + " ".join(sorted(people & set(ROLES)))


# Who is asked where all are to be answered alike.
LOOKERS = frozenset({ANONYMOUS, RESIDENT, OWNER, SUPERUSER, NO_SECOND_FACTOR})
OWNERS, AUTHORS, VOTERS = frozenset({OWNER}), frozenset({OWNER, CO_AUTHOR}), frozenset({VOTER})
ADMINISTRATORS = frozenset({str(Role.BUDGET_ADMINISTRATOR)})
REVIEWERS = frozenset({str(Role.REVIEWER)})
TREASURERS = frozenset({str(Role.TREASURER)})
MODERATORS = frozenset({str(Role.MODERATOR)})
OFFICERS = frozenset({str(Role.POLL_OFFICER)})
CLERKS = frozenset({str(Role.CLERK)})
CERTIFIERS = frozenset({str(Role.CERTIFIER)})
OBSERVERS = frozenset({str(Role.OBSERVER)})
SPOKESPEOPLE = frozenset({str(Role.SPOKESPERSON)})
COMPLAINTS_OFFICERS = frozenset({str(Role.COMPLAINTS_OFFICER)})
# Who give roles, and do nothing else by being that.
SUPERUSERS: People = frozenset({SUPERUSER})
