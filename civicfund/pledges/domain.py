"""What a campaign and its pledges come to, from values alone. Pure; amounts in minor units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

# The words under which a backer agrees to be charged later. Another text is another version.
CONSENT_VERSION = "2026-11"

# Days after a failure on which the same card is tried again without its owner.
RETRY_AFTER_DAYS = (2, 4)
# Trying again without the owner cannot help, and card networks fine those who do.
_HOPELESS_CODES = frozenset(
    {
        "authentication_required",
        "payment_intent_authentication_failure",
        "expired_card",
        "incorrect_cvc",
        "incorrect_number",
        "invalid_expiry_month",
        "invalid_expiry_year",
    }
)
_HOPELESS_DECLINES = frozenset(
    {
        "lost_card",
        "stolen_card",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stop_payment_order",
        "fraudulent",
    }
)
_HOPELESS_ADVICE = frozenset({"do_not_try_again", "confirm_card_data"})


@dataclass(frozen=True)
class Promise:
    """A pledge as it stood when its campaign was decided."""

    pledge_id: str
    amount_minor: int


@dataclass(frozen=True)
class Verdict:
    """What a campaign's promises come to, and the digest that proves which they were."""

    funded: bool
    pledged_minor: int
    pledges: int
    digest: str


def decide(promises: Iterable[Promise], *, goal_minor: int) -> Verdict:
    """All or nothing: funded where the promises reach the goal."""
    listed = sorted(promises, key=lambda promise: promise.pledge_id)
    pledged = sum(promise.amount_minor for promise in listed)
    return Verdict(
        funded=bool(listed) and pledged >= goal_minor,
        pledged_minor=pledged,
        pledges=len(listed),
        digest=digest(listed),
    )


def digest(promises: Iterable[Promise]) -> str:
    """SHA-256, in hex, of one line ``<pledge id> <amount in minor units>`` per promise, by id."""
    lines = sorted(f"{promise.pledge_id} {promise.amount_minor}\n" for promise in promises)
    return sha256("".join(lines).encode()).hexdigest()


def town_fee(amount_minor: int, thousandths: int) -> int:
    """What the town keeps of one collected pledge, rounded down."""
    return amount_minor * thousandths // 1000


def fee_going_back(fee_minor: int, of_minor: int, gone_minor: int, returned_minor: int) -> int:
    """What of a fee goes back, so that it is in proportion once ``gone_minor`` of the charge is.

    ``returned_minor`` went back before. What goes last takes the rest: no unit is lost.
    """
    return max(0, fee_minor * min(gone_minor, of_minor) // of_minor - returned_minor)


def end_of_day(day: date, zone: str) -> datetime:
    """The instant, in UTC, at which a local day is over: the day itself is still inside."""
    return start_of_day(day + timedelta(days=1), zone)


def start_of_day(day: date, zone: str) -> datetime:
    """The instant, in UTC, at which a local day begins."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def last_day(deadline: datetime, zone: str) -> date:
    """The last local day that a deadline leaves whole or in part."""
    return (deadline.astimezone(ZoneInfo(zone)) - timedelta(microseconds=1)).date()


def next_try(
    tries: int, failed_at: datetime, *, code: str, decline_code: str, advice_code: str
) -> datetime | None:
    """When to charge the same card again without its owner; None where it is the owner's turn.

    ``tries`` counts the charges made so far, the one that failed included.
    """
    if is_hopeless(code, decline_code, advice_code) or not 1 <= tries <= len(RETRY_AFTER_DAYS):
        return None
    return failed_at + timedelta(days=RETRY_AFTER_DAYS[tries - 1])


def is_hopeless(code: str, decline_code: str, advice_code: str) -> bool:
    """Whether only the card's owner can help after such a failure."""
    return (
        code in _HOPELESS_CODES
        or decline_code in _HOPELESS_DECLINES
        or advice_code in _HOPELESS_ADVICE
    )


def percent(part_minor: int, whole_minor: int) -> int:
    """How many whole percent of an amount have been reached; more than 100 is possible."""
    return part_minor * 100 // whole_minor if whole_minor > 0 else 0


def is_below_floor(collected_minor: int, pledged_minor: int, floor_percent: int | None) -> bool:
    """Whether so little of what was pledged was collected that everybody gets it back."""
    return floor_percent is not None and collected_minor * 100 < pledged_minor * floor_percent
