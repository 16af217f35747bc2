"""Made-up vendor exports of the shipped borough: ``python -m cbl_engine.sample.exports FOLDER``.

The same register, adverts and bids as Riverton (those that a shortlist reads), under the names,
codes and habits of two systems that do not exist: ``harbour_csv``, a dump of delimited files, and
``harbour_workbook``, an Excel workbook (needs the extra ``excel``). The ``mapping.yaml`` beside
each is written by hand. The same command writes the same bytes.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import LINEAGE_COLUMNS, read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = {"active": "01", "suspended": "05", "deferred": "06", "unbanded": "02",
           "awaiting_review": "03", "under_offer": "07", "housed": "08", "closed": "09"}
_SEX = {"female": "F", "male": "M", "other": "X"}
_RELATION = {"applicant": "MAIN", "partner": "PTNR", "child": "CHLD", "parent": "PRNT",
             "sibling": "SIBL", "other_relative": "OREL", "non_relative": "NREL", "carer": "CARE"}
_ADVERT = {"draft": "DRFT", "open": "LIVE", "closed": "SHUT", "withdrawn": "PULL",
           "readvertised": "READ", "let": "LET"}
_PLACED = {"applicant": "WEB", "officer": "STAFF", "automatic": "AUTO"}
_PROFILE = {"housing_register": "HR", "waiting_time": "WT", "first_come_first_served": "FCFS"}
_TYPE = {"flat": "FLT", "house": "HSE", "bungalow": "BGW", "maisonette": "MSN"}


def borough() -> dict[str, pl.DataFrame]:
    """Riverton's applications that bid, the people in them, all adverts with homes, and bids.

    The exports have no field for ties to the forces, so people come without them.
    """
    frames = {
        table: frame.drop(LINEAGE_COLUMNS)
        for table, frame in read_tables(shipped_folder("boroughs") / "riverton").frames.items()
    }
    bidders = frames["bids"]["application"].unique().implode()
    homes = frames["adverts"]["home"].implode()
    return {
        "applications": frames["applications"].filter(pl.col("id").is_in(bidders)),
        "people": frames["people"].filter(pl.col("application").is_in(bidders)).drop("forces"),
        "adverts": frames["adverts"],
        "homes": frames["homes"].filter(pl.col("id").is_in(homes)),
        "bids": frames["bids"],
    }


def write_dump(folder: Path) -> None:
    """Delimited files: ``|`` between cells, dates as 31/05/2024, codes for everything."""
    frames = borough()
    for name, frame in {
        "HRA_APPLICATION.csv": _applications(frames),
        "HRA_MEMBER.csv": _members(frames),
        "PROP_ADVERT.csv": _adverts(frames),
        "BID_LOG.csv": _bids(frames),
    }.items():
        dated = frame.with_columns(
            pl.col(pl.Date).dt.to_string("%d/%m/%Y"),
            pl.col(pl.Datetime).dt.to_string("%d/%m/%Y %H:%M:%S"),
        )
        text = dated.write_csv(separator="|", line_terminator="\r\n")
        (folder / name).write_bytes(text.encode("cp1252"))


def write_workbook(file: Path) -> None:
    """A workbook: two sheets of the register, titles above the headings, real dates."""
    import xlsxwriter

    frames = borough()
    register = _applications(frames)
    early = pl.col("BAND_CD").is_in(["1A", "1B", "1C"]).fill_null(value=False)
    sheets: Mapping[str, tuple[pl.DataFrame, str]] = {
        "Register A to C": (register.filter(early), "Housing register: bands A, B and C"),
        "Register other": (register.filter(~early), "Housing register: everyone else"),
        "Members": (_members(frames), ""),
        "Adverts": (_adverts(frames), ""),
        "Bids": (_bids(frames), ""),
    }
    book = xlsxwriter.Workbook(str(file))
    # The one moment in the file, so that the same borough gives the same bytes.
    book.set_properties({"created": datetime(2026, 3, 4)})  # noqa: DTZ001  as Excel has it
    formats: dict[Any, Any] = {
        pl.Date: book.add_format({"num_format": "dd/mm/yyyy"}),
        pl.Datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
    }
    bold = book.add_format({"bold": True})
    for name, (frame, title) in sheets.items():
        sheet = book.add_worksheet(name)
        top = 2 if title else 0
        if title:
            sheet.write_string(0, 0, title, bold)
        for at, values in enumerate(frame):
            sheet.write_string(top, at, values.name, bold)
            kept = values.dt.replace_time_zone(None) if values.dtype == pl.Datetime else values
            sheet.write_column(top + 1, at, kept.to_list(), formats.get(values.dtype.base_type()))
    about = book.add_worksheet("Read me")
    about.write_string(0, 0, "A made-up export of a made-up borough. Nobody here exists.")
    book.close()


def _applications(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    mains = frames["people"].filter(pl.col("relationship") == "applicant")
    rows = frames["applications"].join(
        mains.select(
            application="application",
            MAIN_DOB="date_of_birth",
            MAIN_SEX=pl.col("sex").replace(_SEX),
            MAIN_PTNR_REF="partner_of",
            MAIN_CARER=_yes_no("carer"),
            MAIN_NOSHARE=_yes_no("cannot_share"),
            MAIN_AWAY=_yes_no("temporarily_away"),
        ),
        left_on="id", right_on="application", how="left", maintain_order="left",
    )
    return rows.select(
        APP_REF="id",
        APP_STAT_CD=pl.col("status").replace(_STATUS),
        REG_DT="registered_on",
        BAND_CD="1" + pl.col("band"),
        PTS="points",
        BAND_EFF_DT="band_from",
        PRIO_DT="priority_date",
        BED_NEED="bedroom_need",
        BED_ALLOWED=pl.col("sizes").cast(pl.List(pl.String)).list.join(";"),
        MOB_CAT="access_need",
        TNCY_PROP_REF="current_home",
        MAIN_DOB="MAIN_DOB", MAIN_SEX="MAIN_SEX", MAIN_PTNR_REF="MAIN_PTNR_REF",
        MAIN_CARER="MAIN_CARER", MAIN_NOSHARE="MAIN_NOSHARE", MAIN_AWAY="MAIN_AWAY",
        LAST_UPD_USER=pl.lit("BATCH"),
    )


def _members(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    rest = frames["people"].filter(pl.col("relationship").ne_missing("applicant"))
    return rest.select(
        MEM_REF="id", APP_REF="application", DOB="date_of_birth", EDD="expected_on",
        SEX_CD=pl.col("sex").replace(_SEX),
        REL_CD=pl.col("relationship").replace(_RELATION),
        PTNR_REF="partner_of",
        CARER=_yes_no("carer"), NOSHARE=_yes_no("cannot_share"), AWAY=_yes_no("temporarily_away"),
    )


def _adverts(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    rows = frames["adverts"].join(
        frames["homes"], left_on="home", right_on="id", how="left", suffix="_home",
        maintain_order="left",
    )
    return rows.select(
        AD_REF="id", PROP_REF="home",
        SCHEME_CD=pl.col("profile").replace(_PROFILE),
        LABELS=pl.col("labels").list.join(","),
        OPEN_DTM="opens_at", CLOSE_DTM="closes_at",
        STAT=pl.col("status").replace(_ADVERT),
        PROP_TYPE_BEDS=pl.col("property_type").replace(_TYPE) + "/"
        + pl.col("bedrooms").cast(pl.String),
        FLR="floor", LIFT=_yes_no("lift"), MOB_CAT="access_category", RENT="rent_weekly_home",
        PETS=_yes_no("pets_allowed"),
    )


def _bids(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return frames["bids"].select(
        AD_REF="advert", APP_REF="application",
        BID_DATE=pl.col("placed_at").dt.to_string("%d/%m/%Y"),
        BID_TIME=pl.col("placed_at").dt.to_string("%H:%M:%S"),
        WDN_DTM="withdrawn_at",
        CHANNEL=pl.col("placed_by").replace(_PLACED).fill_null("?"),
    )


def _yes_no(column: str) -> pl.Expr:
    return pl.when(pl.col(column)).then(pl.lit("Y")).when(~pl.col(column)).then(pl.lit("N"))


def main(folder: Path) -> None:
    """Write both exports into folders of this one."""
    for name in ("harbour_csv", "harbour_workbook"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_dump(folder / "harbour_csv")
    write_workbook(folder / "harbour_workbook" / "lettings.xlsx")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
