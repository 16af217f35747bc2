"""What was known on a day, from the rows that were given and the events so far, in plain Python."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.offers.weeks.criteria import met
from tests.offers.weeks.times import last_day, months_after

if TYPE_CHECKING:
    from tests.offers.weeks.fold import Folded

Row = dict[str, Any]
STEPS = ("invited", "offered", "let")
LONDON = ZoneInfo("Europe/London")


def london_day(moment: datetime) -> date:
    """The day of a moment in London."""
    return moment.astimezone(LONDON).date()


class Facts:
    """Rows as they stand, and what the scheme makes of them.

    Args:
        scheme: as plain data.
        folded: what the events say so far.
    """

    def __init__(self, scheme: Row, folded: Folded) -> None:
        self.book = folded
        self.applications: dict[str, Row] = {}
        self.adverts: dict[str, Row] = {}
        self.homes: dict[str, Row] = {}
        self.checks: dict[str, Row] = {}
        self.outcomes: dict[str, Row] = {}
        self.direct_lets: dict[str, Row] = {}
        self.bids: dict[tuple[str, str, datetime], Row] = {}
        self.until: dict[str, tuple[date, Row]] = {}
        self.people: list[Row] = []
        self.duties: list[Row] = []
        self.preferences: list[Row] = []
        self.scheme = {"checks": {}, "landlords": {}, **scheme}
        self.offers = {"order": "close", "one_at_a_time": True, "silence": "bypass",
                       "judged_at": {}, "choosing": {"by_whom": "advert"}, "refusals": {},
                       "reasons": {}, "passing_over": {}, **scheme.get("offers", {})}

    def came(self, given: dict[str, list[Row]], left_out: dict[str, str]) -> None:
        """Rows come in; those with the id of one that stands take its place."""
        self._brought_about(given, left_out)
        for table in ("applications", "adverts", "homes", "outcomes", "direct_lets"):
            getattr(self, table).update({row["id"]: dict(row) for row in given.get(table, [])})
        self.checks.update({r["id"]: r for r in given.get("checks", []) if r["id"] not in left_out})
        for row in given.get("bids", []):
            self.bids[row["advert"], row["application"], row["placed_at"]] = row
        for table in ("people", "duties", "preferences"):
            getattr(self, table).extend(given.get(table, []))

    def _brought_about(self, given: dict[str, list[Row]], left_out: dict[str, str]) -> None:
        """What an outcome that came too brought about the register says from its day on.

        Until then the household's status was another, and what is empty by now was as on record.
        """
        last: dict[str, date] = {}
        for row in given.get("outcomes", []):
            does = (row["what"], row.get("act"))
            if left_out.get(row["id"]) not in ("before_the_state", "in_the_future") and (
                does[0] in ("accepted", "signed") or does in (("approved", "offer"), ("approved", "direct_let"))
            ):
                last[row["application"]] = max(row["on"], last.get(row["application"], row["on"]))
        for row in given.get("applications", []):
            self.until.pop(row["id"], None)
            if row["status"] in ("under_offer", "housed") and row["id"] in last:
                known = self.applications.get(row["id"], {})
                before = {k: known.get(k) if v is None else v for k, v in row.items()}
                before["status"] = known.get("status", "active")
                if known:
                    before["current_home"] = known.get("current_home")
                self.until[row["id"]] = last[row["id"]], before

    # Households, adverts and homes.

    def application(self, name: str, on: date) -> Row:
        """An application as the record has it that day."""
        last, before = self.until.get(name, (date.min, {}))
        row = {"place_in_band": None, **self.applications.get(name, {"id": name, "status": None})}
        row |= before if on <= last else {}
        for held in self.book.consequences:
            if held["application"] == name and held["since"] <= on and (
                held["until"] is None or on < held["until"]
            ):
                row |= {k: held[k] for k in ("status", "band", "place_in_band") if held[k] is not None}
        if name in self.book.housed():
            row["status"] = "housed"
        return row

    def advert(self, name: str | None, home: str | None = None) -> Row:
        """An advert, with what it takes from its homes."""
        row = self.adverts.get(name or "", {"home": home})
        of = self.homes_of(name) if name is not None else [home]
        its = self.homes.get(of[0] or "", {}) if of else {}
        return {**row, "bedrooms": row.get("bedrooms") or its.get("bedrooms")}

    def homes_of(self, advert: str) -> list[str | None]:
        """Its homes by id."""
        row = self.adverts[advert]
        if row.get("home") is not None:
            return [row["home"]]
        return sorted(h for h, its in self.homes.items()
                      if its.get("home_group") is not None and its["home_group"] == row.get("home_group"))

    def is_let(self, home: str) -> bool:
        """Whether a letting of it stands that no later one freed."""
        freed: dict[str, date] = {}
        for letting in sorted(self.book.signed(), key=lambda x: x["signed_on"]):
            freed[letting["freed_home"]] = letting["signed_on"]
        return any(
            x["home"] == home and not (home in freed and freed[home] >= x["signed_on"])
            for x in self.book.signed()
        )

    def vacant(self, advert: str) -> list[str | None]:
        """Its homes that are not let."""
        return [h for h in self.homes_of(advert) if not self.is_let(h)]

    def met(self, name: str | None, application: str | None, advert: str | None, on: date,
            home: str | None = None) -> bool | None:
        """Whether a criterion is met that day; none is met by everyone."""
        if name is None:
            return True
        household = self.application(application, on) if application is not None else {}
        return met(name, household, self.advert(advert, home))

    def nominated(self, landlord: str | None) -> bool:
        """Whether households are named to this landlord."""
        rules = self.scheme.get("nominations")
        if rules is None or landlord is None:
            return False
        listed = rules.get("to") or self.scheme["landlords"]
        return not listed or landlord in listed

    def width(self, advert: str) -> int:
        """Households named, or invited, for one home at a time."""
        if self.nominated(self.adverts[advert].get("landlord")):
            return self.scheme["nominations"].get("at_once", 1)
        return (self.offers.get("viewing") or {}).get("together", 1)

    def is_final(self, advert: str, application: str, on: date) -> bool:
        """Whether an offer to it would be a final one."""
        rule = self.offers.get("final")
        return rule is not None and self.met(rule["when"], application, advert, on) is True

    def first_step(self) -> str:
        """The step whose checks are due before anything else."""
        return "invited" if self.offers.get("viewing") is not None else "offered"

    # Checks.

    def not_cleared(self, offer: Row, before: str, on: date) -> dict[str, tuple[str, str]]:
        """Checks due that are not cleared, of an offer or a place: name -> state, what it does."""
        found = {}
        records = []
        if offer["final"] and before != "invited":
            rule = self.offers["final"]
            records = [rule["suitability"], rule["warning"]]
        for name, check in self.scheme["checks"].items():
            due = STEPS.index(check.get("before", "offered")) <= STEPS.index(before)
            if name in records:
                missing, named = self._missing(check), True
            elif due:
                needed, missing = self._asked(name, check, offer, on)
                named = False
                if not needed:
                    continue
            else:
                continue
            state = self.result(name, offer, on, named=named)
            if state != "cleared":
                does = {"failed": "bypass", "refer": "hold"}.get(state, missing)
                found[name] = state, does
        return found

    def _missing(self, check: Row) -> str:
        if check.get("officer_held"):
            held = [c for c in self.scheme["checks"].values() if c.get("officer_held")]
            return "hold" if any(c.get("missing", "hold") == "hold" for c in held) else "bypass"
        return check.get("missing", "hold")

    def _asked(self, name: str, check: Row, offer: Row, on: date) -> tuple[bool, str]:
        listed = [x for x, part in self.scheme["landlords"].items() if name in part.get("checks", [])]
        if listed and offer["landlord"] not in listed:
            return False, ""
        needed = self.met(check.get("when"), offer["application"], offer["advert"], on, offer["home"])
        return needed is not False, "hold" if needed is None else self._missing(check)

    def result(self, name: str, offer: Row, on: date, *, named: bool = False) -> str:
        """cleared, failed, refer or missing."""
        check, found = self.scheme["checks"][name], []
        for row in self.checks.values():
            months = check.get("valid_months")
            until = row["until"] or (months_after(row["since"], months) if months else None)
            second = row["confirmed_by"] is not None and row["confirmed_by"] != row["by"]
            if (
                (row["application"], row["check"]) == (offer["application"], name)
                and row["since"] <= on and (until is None or until > on)
                and row["advert"] in (None, offer["advert"])
                and (second or not check.get("second_officer"))
                and (row["by"] is not None or not named)
            ):
                found.append(row)
        if not found:
            return "missing"
        key = lambda row: (row["since"], row["id"])  # noqa: E731
        place = max((r for r in found if r["advert"] is not None), key=key, default=None)
        anywhere = max((r for r in found if r["advert"] is None), key=key, default=None)
        decides = place or anywhere
        if place is not None and anywhere is not None and (
            anywhere["since"] > place["since"] and anywhere["outcome"] != "cleared"
        ):
            decides = anywhere
        return {"cleared": "cleared", "refer": "refer"}.get(decides["outcome"], "failed")

    def hold_until(self, name: str, on: date) -> date | None:
        """The last day of a hold for a check that begins that day."""
        check = self.scheme["checks"][name]
        if not check.get("officer_held"):
            return last_day(check.get("hold"), on)
        ends = [last_day(c.get("hold"), on) for c in self.scheme["checks"].values()
                if c.get("officer_held")]
        return None if None in ends else max(ends)
