"""The extract request: which tables and columns a scheme needs, to send to whoever holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from cbl_engine.quality.needed import columns_needed
from cbl_engine.records.chain import extra_columns
from cbl_engine.scheme.load import refuse_not_loaded
from cbl_engine.shortlist.register_check import bands_in_order
from cbl_engine.shortlist.words import say
from cbl_engine.tables import TABLES, columns_of, key_of
from cbl_engine.tables.columns import TYPE_IN_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbl_engine.scheme import Scheme
    from cbl_engine.tables.columns import Column

_TABLES_IN_WORDS = {
    "applications": "a row an application: everybody on the register in the period, those housed, "
    "closed or suspended since among them; with valid_from and valid_to, a row each time it changed",
    "people": "a row a person in a household, the applicant among them",
    "connections": "a row a connection of a household or person with an area, old ones too",
    "band_history": "a row each time an application was in a band, from the day it began",
    "status_history": "a row each time an application had a status, from the day it began",
    "duties": "a row a duty owed to a household (homelessness), ended ones too",
    "rooms": "a row a room of the home that a household lives in",
    "ta_placements": "a row a placement in temporary accommodation",
    "officer_decisions": "a row a decision or recommendation (medical, welfare, ...)",
    "overrides": "a row each time an officer set a value in place of the rules'",
    "areas": "a row an area and the area it lies in",
    "landlords": "a row a landlord",
    "homes": "a row a home advertised",
    "adverts": "a row an advert: every one of the period, withdrawn and readvertised ones too",
    "bids": "a row a bid: every one, withdrawn and automatic ones too",
    "preferences": "a row a home that a household ranked among those it bid for",
    "wishes": "a row a kind of home that bids may be placed for on a household's behalf",
    "checks": "a row a result of a check of a household, old ones too",
    "outcomes": "a row a thing that was done about an offer: decisions, landlords' results, viewings, "
    "answers, signings",
    "tenancies": "a row a tenancy of a home that is or may be advertised, ended ones too",
    "direct_lets": "a row a let to a household that was asked for without a bid",
}
_LETTER = (
    "Please supply these tables, one file each (CSV with a heading, UTF-8) or one sheet each. "
    "Columns marked * may never be empty. Ids are text, the same wherever the same thing is "
    "meant, with the zeros they begin with. Further columns are welcome; so are codes of your "
    "own, with a list of what each means. Leave a cell empty where something is not "
    "known; please do not write 01/01/1900, 0 or N/A for it. A table of which you hold nothing may "
    "have no rows. The last column says what each is for."
)
_FORMS = {
    "date": "2024-05-31",
    "datetime": "2024-05-31T12:00:00+01:00, or London time without the offset",
    "bool": "empty where nobody has asked",
    "int_list": "2|3",
    "text_list": "ramp|stairlift",
}


def extract_request(scheme: Scheme) -> pl.DataFrame:
    """What to ask a supplier for, so that a scheme can rank, assess and offer: one row a column.

    Returns:
        table, rows (what a row is), column, must (it may never be empty), type, form (how values
        are to be written), unit, codes, what, empty_means, used_for (shortlist, assessment,
        bidding and offers); by table, in the order of the data
        dictionary, with the columns the scheme declares at the end.

    Raises:
        SchemeError: the scheme is not a loaded one.
    """
    refuse_not_loaded(scheme)
    extras = extra_columns(scheme)
    rows = []
    for table, uses in columns_needed(scheme).items():
        columns = columns_of(table, extras.get(table, ()))
        empty = _if_null(scheme, table)
        key = key_of(table, ())
        order = {column.name: at for at, column in enumerate(TABLES[table])}
        codes = _names_in(scheme, table)
        for name in sorted(uses, key=lambda n: order.get(n, len(order))):
            column = columns.get(name)
            if column is not None:
                row = _row(table, column, name in key, empty.get(name), codes.get(name))
                rows.append({**row, "used_for": ", ".join(uses[name])})
    return pl.DataFrame(rows)


def _if_null(scheme: Scheme, table: str) -> dict[str, str]:
    return {
        name: f"taken as {say(column.if_null)}"
        for version in scheme.versions
        for name, column in version.declared(table).items()
        if column.if_null != "unknown"
    }


def _names_in(scheme: Scheme, table: str) -> dict[str, str]:
    """Names of the scheme's own that a column may hold."""
    if table in ("applications", "band_history"):
        return {"band": ", ".join(bands_in_order(scheme))}
    if table == "adverts":
        profiles = dict.fromkeys(p for v in scheme.versions for p in v.profiles)
        plans = dict.fromkeys(p for v in scheme.versions for p in v.local_lettings_plans)
        return {"profile": ", ".join(profiles), "local_lettings_plan": ", ".join(plans)}
    return {}


def _row(
    table: str, column: Column, in_key: bool, empty: str | None, names: str | None
) -> Mapping[str, object]:
    must = column.required or in_key
    return {
        "table": table,
        "rows": _TABLES_IN_WORDS[table],
        "column": column.name,
        "must": "yes" if must else "",
        "type": TYPE_IN_WORDS[column.type],
        "form": _FORMS.get(column.type, ""),
        "unit": column.unit,
        "codes": names or ", ".join(column.codes),
        "what": column.doc,
        "empty_means": "" if must else empty or column.null_means,
    }


def request_page(scheme: Scheme) -> str:
    """The extract request as Markdown, to send with a letter."""
    version = scheme.versions[-1]
    lines = [
        f"# Extract request: {version.title}",
        "",
        _LETTER,
    ]
    for (table, what), rows in extract_request(scheme).group_by(
        ["table", "rows"], maintain_order=True
    ):
        lines += ["", f"## {table}", "", f"{str(what)[:1].upper()}{str(what)[1:]}.", "",
                  "| column | type | what | empty means | for |", "|---|---|---|---|---|"]
        for row in rows.iter_rows(named=True):
            kind = row["type"] + (f" ({row['form']})" if row["form"] else "")
            what_ = row["what"] + (f" [{row['unit']}]" if row["unit"] else "")
            what_ += f": {row['codes']}" if row["codes"] else ""
            cells = (row["column"] + ("*" if row["must"] else ""), kind, what_, row["empty_means"],
                     row["used_for"])
            lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
