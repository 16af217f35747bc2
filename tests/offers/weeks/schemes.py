"""Random schemes with every rule of bidding and offers in them or not, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.offers.weeks.criteria import COLUMNS, CRITERIA

if TYPE_CHECKING:
    import random

Part = dict[str, Any]
REASONS = {"unsafe": "not safe", "medical": "bad for an illness"}
PASSING_OVER = {"other": "another reason"}


def labelled(**part: Any) -> Part:
    """A part of a scheme; what is None is left out."""
    return {"label": "x", **{key: value for key, value in part.items() if value is not None}}


def random_scheme(draw: random.Random, *, lottery: bool = True) -> Part:
    """A scheme; without ``lottery`` nothing in it depends on the letters of ids."""
    some = lambda of, chance=0.5: of if draw.random() < chance else None  # noqa: E731
    parts: Part = {
        "scheme": "weeks", "title": "Weeks", "authority": "Nobody",
        "bands": {band: labelled() for band in "ABC"},
        "columns": {"applications": COLUMNS},
        "criteria": {name: labelled(when=sql, when_unknown=unknown)
                     for name, (sql, unknown, _) in CRITERIA.items()},
        "eligible": [n for n in ("is_local", "no_debt", "fits") if draw.random() < 0.3],
        "profiles": _profiles(draw, lottery=lottery),
        "default_profile": "need",
        "landlords": {
            "acorn": labelled(checks=some(["affordable"]), answer=some(_within(draw), 0.3)),
            "birch": labelled(eligible=some(["no_debt"], 0.3)),
        },
        "consequences": {
            "looked_at": labelled(review=True),
            "suspended": labelled(suspend_months=draw.randint(1, 2)),
            "barred": labelled(bar_months=1),
            "lowered": labelled(down=1, months=1),
            "bottom": labelled(bottom_of_band_months=1),
            "led": labelled(lose_choice_months=1),
            "ended": labelled(cancel=True),
        },
        "checks": _checks(draw),
        "offers": _offers(draw),
        "local_lettings_plans": some({"plan": labelled(targets=_targets(draw))}),
        "nominations": some(labelled(
            to=some(["acorn"]), answer=some(_within(draw), 0.8), at_once=draw.randint(1, 2))),
        "bidding": some(_bidding(draw), 0.8),
        "advertising": some(_advertising(draw), 0.7),
        "direct_lets": some({
            "found": labelled(permitted_by="clause 1", when=some("is_owed"), fit=["fits"]),
            "moved": labelled(permitted_by="clause 2", homes=some("large"), fit=["no_debt"]),
        }, 0.6),
    }
    return {key: value for key, value in parts.items() if value is not None}


def offered_at_once(scheme: Part) -> None:
    """Homes are offered without checks or viewings, each household as many as it comes first for.

    Refusals add up within a month.
    """
    offers = scheme["offers"]
    offers["refusals"]["often"] |= {"months": 1}
    offers |= {"one_at_a_time": False, "judged_at": {}}
    for part in ("viewing", "final", "contact"):
        offers.pop(part, None)
    scheme |= {"eligible": [], "checks": {}}
    scheme["landlords"]["acorn"].pop("checks", None)
    scheme.pop("nominations", None)


def viewed_together(draw: random.Random, scheme: Part) -> None:
    """In this scheme several see a home together, and a check is due before they are invited."""
    within = _within(draw) if draw.random() < 0.8 else None
    scheme["offers"]["viewing"] = labelled(together=draw.randint(2, 3), within=within)
    hold = _within(draw) if draw.random() < 0.6 else None
    missing = draw.choice(["hold", "hold", "bypass"])
    scheme["checks"]["verified"] = labelled(
        before="invited", missing=missing, hold=hold if missing == "hold" else None)


def _within(draw: random.Random) -> Part:
    unit = draw.choice(["days", "days", "working_days", "hours"])
    starts = draw.choice(["sent", "sent", "received", "viewed"])
    return {unit: draw.choice([24, 48]) if unit == "hours" else draw.randint(1, 3), "starts": starts}


def _profiles(draw: random.Random, *, lottery: bool) -> Part:
    band, date = {"band": ["A", "B", "C"]}, {"date": "priority_date"}
    orders = [
        [band, date], [band, date, {"tie": "human"}], [band, {"tie": "human"}],
        [band, {"points": "place_in_band"}, date], [{"bid_time": "first"}],
    ]
    if lottery:
        orders.append([band, {"lottery": "advert"}])
    first = draw.choice([["is_local"], ["in_band_c"], ["no_debt"]])
    when = draw.choice([{}, {"next_stage_when": "no_eligible"}])
    return {
        "need": labelled(order=draw.choice(orders)),
        "waiting": labelled(order=[{"date": "registered_on"}, {"tie": "human"}]),
        "staged": labelled(stages=[
            labelled(eligible=first, order=draw.choice(orders[:4]), **when),
            labelled(order=draw.choice(orders)),
        ]),
        "local": labelled(eligible=["local_known"], order=draw.choice(orders)),
    }


def _checks(draw: random.Random) -> Part:
    def check(before: str, **more: Any) -> Part:
        hold = draw.random() < 0.7
        return labelled(
            before=before, missing="hold" if hold else "bypass",
            hold=_within(draw) if hold and draw.random() < 0.6 else None,
            valid_months=1 if draw.random() < 0.2 else None,
            second_officer=True if draw.random() < 0.15 else None, **more,
        )

    found = {"affordable": check("let")}
    if draw.random() < 0.5:
        found["verified"] = check(draw.choice(["invited", "offered"]))
    if draw.random() < 0.3:
        found["owed_only"] = check("offered", when="is_owed")
    if draw.random() < 0.4:
        found["fraud"] = check(draw.choice(["offered", "let"]), must_pass=True)
    if draw.random() < 0.3:
        found |= {name: check("offered", officer_held=True) for name in ("clearance", "risk")}
    found["suitable"] = check("offered", of="home", when="is_owed")
    found["warned"] = check("offered", when="is_owed")
    return found


def _offers(draw: random.Random) -> Part:
    by_whom = draw.choice(["household", "homes", "council", "advert"])
    kinds = ["looked_at", "suspended", "barred", "lowered", "bottom", "led", "ended"]
    choosing: Part = {"by_whom": by_whom}
    if by_whom == "council":
        choosing["by"] = draw.sample(["best_position", "fewest_bids", "largest", "closes_first"], 2)
    offers: Part = {
        "order": draw.choice(["close", "close", "offer"]),
        "judged_at": {name: draw.choice(["invited", "offered", "let"])
                      for name in ("no_debt", "fits") if draw.random() < 0.3},
        "choosing": choosing,
        "one_at_a_time": draw.random() < 0.8,
        "silence": draw.choice(["refused", "bypass"]),
        "reasons": REASONS,
        "passing_over": PASSING_OVER,
        "refusals": {
            "once": labelled(after=1, then=draw.choice(kinds), when=draw.choice([None, "in_band_c"])),
            "often": labelled(after=2, every=draw.random() < 0.5, then=draw.choice(kinds)),
        },
    }
    if draw.random() < 0.5:
        offers["viewing"] = labelled(
            together=draw.randint(1, 3), within=_within(draw) if draw.random() < 0.8 else None)
    if draw.random() < 0.8:
        offers["answer"] = _within(draw)
    if draw.random() < 0.4:
        offers["contact"] = labelled(attempts=2, channels=1, within={"days": 1})
    if draw.random() < 0.4:
        offers["final"] = labelled(
            when="is_owed", duties=["main"], suitability="suitable", warning="warned")
    if draw.random() < 0.3:
        offers["discretion"] = "x"
    return offers


def _targets(draw: random.Random) -> list[Part]:
    size = draw.choice([{"share": 0.5}, {"number": 1}, {"share": 1.0}])
    targets = [labelled(criterion="local_known", **size)]
    if draw.random() < 0.4:
        targets.append(labelled(criterion="is_owed", homes="large", share=0.5))
    return targets


def _bidding(draw: random.Random) -> Part:
    some = lambda of, chance=0.4: of if draw.random() < chance else {}  # noqa: E731
    caps: Part = {}
    if draw.random() < 0.5:
        caps["a_week"] = labelled(
            bids=draw.randint(1, 3), per="cycle", withdrawn=draw.choice(["free", "spent"]))
    if draw.random() < 0.3:
        caps["at_a_time"] = labelled(bids=draw.randint(1, 2), per="live")
    choice: Part = some({"by_council": labelled(when="is_owed", bids="council")}, 0.2)
    automatic = some(
        {"helped": labelled(when="is_helped", bids="automatic")}, 0.5)
    found: Part = {
        "caps": caps,
        "choice": {**choice, **automatic},
        "frozen": some({"busy": labelled(
            **{"while": draw.choice(["first", "invited", "offered", "accepted"])},
            may_not=draw.choice(["bid", "be_listed"]))}),
        "duties": some({"a_bid": labelled(bids=1, months=1, when="in_band_c", then="looked_at")}),
    }
    if draw.random() < 0.3:
        found["window"] = labelled(opens={"day": "monday", "time": "00:01"},
                                   closes={"day": "friday", "time": "09:59"})
    if automatic:
        found["automatic"] = labelled(most=draw.randint(1, 2), suits="fits")
    return found


def _advertising(draw: random.Random) -> Part:
    some = lambda of: of if draw.random() < 0.5 else None  # noqa: E731
    by = draw.choice([[], ["bedrooms"]])
    quotas: Part = {
        "to_waiting": labelled(on="adverts", share=draw.choice([0.25, 0.5]), by=by, profile="waiting",
                               of=some("large"), starts=some("06-15")),
        "to_local": labelled(on="adverts", share=0.5, profile="local", within=some("to_waiting")),
        "lets_to_owed": labelled(on="lettings", share=0.5, to="is_owed"),
    }
    return {
        "ladder": [
            labelled(step="readvertise", after=draw.choice([None, ["no_bids", "exhausted"]])),
            labelled(step="widen", profile="waiting", when=some("large")),
            labelled(step="landlord"),
        ],
        "quotas": {name: quota for name, quota in quotas.items() if draw.random() < 0.7
                   or name == "to_waiting"},
    }
