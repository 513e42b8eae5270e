"""Acts about people."""

from civicfund.people.services.errors import ResidencyError, RoleError
from civicfund.people.services.homes import prove_by_post, prove_residency, state_residency
from civicfund.people.services.roles import grant_role, revoke_role

__all__ = [
    "ResidencyError",
    "RoleError",
    "grant_role",
    "prove_by_post",
    "prove_residency",
    "revoke_role",
    "state_residency",
]
