"""Acts about people."""

from civicfund.people.services.errors import ResidencyError, RoleError
from civicfund.people.services.homes import (
    look_up_home,
    prove_by_post,
    prove_residency,
    prove_seen_home,
    state_residency,
    take_back_post,
)
from civicfund.people.services.made_up import mark_as_made_up
from civicfund.people.services.roles import (
    agree_to_role,
    ask_for_role,
    find_people,
    grant_role,
    revoke_role,
    take_back_role_request,
)

__all__ = [
    "ResidencyError",
    "RoleError",
    "agree_to_role",
    "ask_for_role",
    "find_people",
    "grant_role",
    "look_up_home",
    "mark_as_made_up",
    "prove_by_post",
    "prove_residency",
    "prove_seen_home",
    "revoke_role",
    "state_residency",
    "take_back_post",
    "take_back_role_request",
]
