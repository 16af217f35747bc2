"""The twelve criteria in SQL, for every contestant that speaks it; bits in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIR = (
    "d.bedrooms BETWEEN a.bedrooms_min AND a.bedrooms_max",
    "d.minimum_age IS NULL OR a.age >= d.minimum_age",
    "d.max_income IS NULL OR a.income <= d.max_income",
    "NOT d.ward_only OR a.connection_ward = d.ward",
    "NOT a.has_pets OR d.pets_allowed",
    "NOT d.wheelchair_home OR a.wheelchair_need",
    "NOT a.ground_floor_need OR d.floor = 0 OR d.lift",
    "NOT (d.sheltered AND a.has_children)",
)


def own(as_at: str) -> tuple[str, ...]:
    """The criteria that read the application alone; ``as_at`` as the database writes a date."""
    return (
        "a.status = 'active'",
        f"a.suspended_until IS NULL OR a.suspended_until <= {as_at}",
        "a.arrears <= 500 OR a.arrears_plan",
        "a.connection_months >= 24 OR a.connection_exempt",
    )


def failures(criteria: Sequence[str], first_bit: int = 0, cast: str = "") -> str:
    """One bit for each criterion that is false or not known."""
    return " | ".join(
        f"(CASE WHEN {c} THEN 0 ELSE {1 << (first_bit + i)} END){cast}"
        for i, c in enumerate(criteria)
    )


def by_bid(as_at: str) -> str:
    """Every criterion and key for each bid; a window over the eligible, the refused beside them."""
    return f"""
WITH judged AS MATERIALIZED (
    SELECT b.bid, b.advert, a.id, a.band, a.priority_date, {failures(own(as_at) + PAIR)} AS failed
    FROM bids b JOIN applications a ON a.id = b.application JOIN adverts d ON d.id = b.advert
)
SELECT bid, CAST(row_number() OVER (
           PARTITION BY advert ORDER BY band, priority_date NULLS LAST, id
       ) AS INTEGER) AS position, failed
FROM judged WHERE failed = 0
UNION ALL
SELECT bid, 0, failed FROM judged WHERE failed <> 0
"""


def by_application(as_at: str) -> str:
    """The application's own criteria and rank once an application, then as above."""
    first = own(as_at)
    return f"""
WITH a AS (
    SELECT a.*, {failures(first)} AS own,
           CAST(row_number() OVER (ORDER BY band, priority_date NULLS LAST, id) AS INTEGER) AS rank
    FROM applications a
), judged AS MATERIALIZED (
    SELECT b.bid, b.advert, a.rank, a.own | {failures(PAIR, len(first))} AS failed
    FROM bids b JOIN a ON a.id = b.application JOIN adverts d ON d.id = b.advert
)
SELECT bid, CAST(row_number() OVER (PARTITION BY advert ORDER BY rank) AS INTEGER) AS position,
       failed
FROM judged WHERE failed = 0
UNION ALL
SELECT bid, 0, failed FROM judged WHERE failed <> 0
"""
