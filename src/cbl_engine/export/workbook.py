"""A run's results as an Excel workbook, for officers: names rather than codes, ready to filter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from cbl_engine.errors import BadInput, Problem, RunError
from cbl_engine.records import RunFolder, read_run
from cbl_engine.records.places import write_file
from cbl_engine.shortlist.words import key_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_ROWS = 1_000_000
_MOST_CHARACTERS = 32_767
_NO_DAY = datetime(2000, 1, 1)  # noqa: DTZ001
"""Of a workbook that is of no day."""
_DECIDED = {"stage": "earlier stage", "tie": "equal"}
_ASIDE = {
    "withdrawn": "withdrawn",
    "superseded": "the household bid again, and the later bid counts",
    "advert_draft": "the advert is a draft",
    "advert_withdrawn": "the advert was withdrawn",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, its rows, and the width of each column [characters]."""

    name: str
    frame: pl.DataFrame = field(repr=False)
    widths: tuple[int, ...]


def write_run_to_excel(run: RunFolder | str | Path, out: str | Path, *, replace: bool = False) -> Path:
    """Write a run's results as a workbook, for officers.

    Sheets: About (what was run: scheme, as-at date, run id), Summary (a row an advert), Shortlist
    (a row a counted bid, by advert and position) and Set aside (bids that do not count). Headings
    stay in view and filter. Text is written as text, whatever it begins with. The same run gives
    the same bytes.

    Args:
        run: a run folder, or its path.
        out: ``.xlsx`` file to write.
        replace: take the place of a file that is there.

    Raises:
        RunError: not a run folder, more rows than a sheet holds, the file is in the way or cannot
            be written, or the package xlsxwriter is not installed.
    """
    folder = run if isinstance(run, RunFolder) else read_run(run)
    return write_sheets(sheets_of(folder), out, _last_close(folder), replace=replace)


def sheets_of(run: RunFolder) -> tuple[Sheet, ...]:
    """The sheets of a run."""
    shortlist = run.table("shortlist")
    return (
        Sheet("About", _about(run), (26, 90)),
        Sheet("Summary", _summary(run, shortlist), (14, 50, 12, 20, 8, 10, 8, 13, 30)),
        Sheet("Shortlist", _rows(run, shortlist), (14, 10, 8, 16, 14, 8, 20, 24, 50, 50)),
        Sheet("Set aside", _set_aside(run), (14, 16, 20, 50)),
    )


def write_sheets(
    sheets: Iterable[Sheet], out: str | Path, created: Any = None, *, replace: bool = False
) -> Path:
    """Write sheets as a workbook, beside its place and then renamed; the same sheets give the same bytes.

    Args:
        sheets: in order.
        out: ``.xlsx`` file to write.
        created: the moment they are of; None: of none.
        replace: take the place of a file that is there.

    Raises:
        RunError: as :func:`write_run_to_excel`.
    """
    return write_file(_workbook(tuple(sheets), created), out, replace=replace)


def write_frames(
    frames: Mapping[str, pl.DataFrame], out: str | Path, as_at: date
) -> Path:
    """Write frames as a workbook, a sheet each.

    Args:
        frames: by name; ``passed_over`` becomes the sheet *Passed over*.
        out: ``.xlsx`` file to write.
        as_at: the day they are of; Excel wants one, and a clock would make two files of one record.

    Raises:
        RunError: as :func:`write_run_to_excel`.
    """
    sheets = (
        Sheet(_in_words(name), frame.rename(_in_words), tuple(map(_width, frame)))
        for name, frame in frames.items()
    )
    created = datetime(as_at.year, as_at.month, as_at.day)  # noqa: DTZ001
    return write_sheets(sheets, out, created, replace=True)


def _in_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _width(values: pl.Series) -> int:
    """Of a column [characters]."""
    longest = values.cast(pl.String).str.len_chars().max() if values.len() else 0
    return min(max(10, len(values.name), int(longest or 0)) + 2, 70)  # type: ignore[call-overload]


def check_package() -> None:
    """Make sure that workbooks can be written, before work is done that fills one.

    Raises:
        BadInput: the package xlsxwriter is not installed.
    """
    try:
        import xlsxwriter  # noqa: F401
    except ImportError:
        raise BadInput(
            [Problem("missing_package", "an Excel file needs the package xlsxwriter",
                     remedy="pip install 'cbl-engine[excel]'")]
        ) from None


def _workbook(sheets: tuple[Sheet, ...], created: Any) -> bytes:
    check_package()
    import xlsxwriter

    too_long = [
        Problem(
            "too_many_rows", "an Excel sheet cannot hold the rows", where=sheet.name,
            given=f"{sheet.frame.height:,} rows", allowed=f"{MOST_ROWS:,}",
            remedy="Write them to a database, or read the run folder's Parquet",
        )
        for sheet in sheets
        if sheet.frame.height > MOST_ROWS
    ]
    if too_long:
        raise RunError(too_long)
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    # Excel wants a day, and a clock would make two files of one run.
    book.set_properties({"created": created or _NO_DAY})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats: dict[Any, Any] = {
        pl.Date: book.add_format({"num_format": "dd/mm/yyyy", "valign": "top"}),
        pl.Datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss", "valign": "top"}),
        pl.String: book.add_format({"text_wrap": True, "valign": "top"}),
    }
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.freeze_panes(1, 0)
        page.set_landscape()
        page.repeat_rows(0)
        for at, (values, width) in enumerate(zip(sheet.frame, sheet.widths, strict=True)):
            page.set_column(at, at, width)
            page.write_string(0, at, values.name, head)
            _write_column(page, at, values, formats.get(values.dtype.base_type()))
        if sheet.frame.height:
            page.autofilter(0, 0, sheet.frame.height, sheet.frame.width - 1)
    book.close()
    return buffer.getvalue()


def _write_column(page: Any, at: int, values: pl.Series, format: Any) -> None:
    """A cell at a time, as xlsxwriter has it; text never as a formula, a link or a number."""
    if values.dtype == pl.Boolean:
        yes_no = pl.when(values).then(pl.lit("yes")).when(~values).then(pl.lit("no"))
        values = pl.select(yes_no).to_series()
    if values.dtype == pl.String:
        for row, text in enumerate(values.str.slice(0, _MOST_CHARACTERS), 1):
            if text is not None:
                page.write_string(row, at, text, format)
        return
    write = page.write_number
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        if isinstance(values.dtype, pl.Datetime):
            values = values.dt.replace_time_zone(None)
        write = partial(_write_day, page)
    for row, value in enumerate(values, 1):
        if value is not None:
            write(row, at, value, format)


def _write_day(page: Any, row: int, at: int, value: date, format: Any) -> None:
    """A date or a moment; as text before Excel's own days, which begin in 1900 with one that never was."""
    if (value.year, value.month) < (1900, 3):
        page.write_string(row, at, f"{value.day:02}/{value.month:02}/{value.year:04}", format)
    else:
        page.write_datetime(row, at, value, format)


def _about(run: RunFolder) -> pl.DataFrame:
    manifest, version = run.manifest, run.scheme.versions[-1]
    as_at = manifest["as_at"]
    checked = manifest.get("verification", {})
    rows = {
        "For": "Officers. It holds facts about households: keep it with the case files.",
        "Scheme": version.title,
        "Authority": version.authority,
        "Scheme versions from": ", ".join(manifest["scheme_versions"]),
        "Judged as at": "each advert's closing date" if as_at == "close" else str(as_at),
        "Run id": manifest["run_id"],
        "Engine": f"cbl_engine {manifest['engine_version']}",
        "Seed": str(manifest["seed"]),
        "Adverts": f"{manifest['counts']['adverts']:,}",
        "Bids ranked": f"{manifest['counts']['bids_counted']:,}",
        "Bids set aside": f"{manifest['counts']['bids_set_aside']:,}",
        "Properties checked": f"1 to 6, row by row on {checked.get('bids_row_by_row', 0):,} bids",
        "Positions": "Members of a tie are joint: their order among themselves means nothing.",
        "Held": "Ranked as if eligible; nothing may be offered until what is not known is known.",
    }
    return pl.DataFrame({"what": list(rows), "value": [str(v or "") for v in rows.values()]})


def _rows(run: RunFolder, shortlist: pl.DataFrame) -> pl.DataFrame:
    names = _names(run, shortlist)
    first = pl.col("position").min().over("advert", "tie_group")
    joint = pl.col("tie_group").is_not_null()
    return shortlist.select(
        pl.col("advert").cast(pl.String).alias("Advert"),
        pl.when(joint).then(first).otherwise("position").alias("Position"),
        pl.when(joint).then(pl.lit("joint")).alias("Joint"),
        pl.col("application").cast(pl.String).alias("Application"),
        pl.when("eligible").then(pl.lit("eligible"))
        .when(pl.col("eligible").is_null()).then(pl.lit("held"))
        .otherwise(pl.lit("not eligible")).alias("Status"),
        pl.col("stage").alias("Stage"),
        pl.col("placed_at").alias("Bid placed"),
        pl.col("decided_by").replace(names).alias("Put below the one above by"),
        # A criterion that is not known may be listed as failed too.
        pl.col("failed").list.set_difference("unknown").list.eval(pl.element().replace(names))
        .list.join("; ").replace({"": None}).alias("Not met"),
        pl.col("unknown").list.eval(pl.element().replace(names))
        .list.join("; ").replace({"": None}).alias("Not known"),
    )


def _names(run: RunFolder, shortlist: pl.DataFrame) -> dict[str, str]:
    """Criteria by their labels and keys in words."""
    bits = run.table("bits").filter(pl.col("kind") == "criterion")
    labels = dict(bits.select("name", "label").iter_rows())
    decided = shortlist["decided_by"].drop_nulls().unique().to_list()
    keys = {name: key_in_words(name) for name in (*run.table("bits")["name"], *decided)}
    return {**keys, **labels, **_DECIDED}


def _summary(run: RunFolder, shortlist: pl.DataFrame) -> pl.DataFrame:
    adverts = run.frames["adverts"]
    homes = run.frames.get("homes")
    if homes is not None and "home" in adverts.columns and "bedrooms" in homes.columns:
        rooms = homes.select(pl.col("id").alias("home"), pl.col("bedrooms").alias("home_bedrooms"))
        adverts = adverts.join(rooms, on="home", how="left")
    have = adverts.columns
    bedrooms = [pl.col(c) for c in ("bedrooms", "home_bedrooms") if c in have]
    version = run.scheme.versions[-1]
    labels = {name: profile.label or name for name, profile in version.profiles.items()}
    named = pl.col("profile") if "profile" in have else pl.lit(None, pl.String)
    default = pl.lit(version.profile_for(None), pl.String)
    profile = pl.coalesce(named, default).replace(labels)
    first = pl.col("position") == 1
    leading = first | (
        pl.col("tie_group").is_not_null() & (pl.col("tie_group") == 1)
        & (pl.col("tie_group").filter(first).first().over("advert") == 1)
    )
    counts = shortlist.with_columns(leading.alias("leads")).group_by("advert").agg(
        pl.len().alias("Bids"),
        pl.col("eligible").fill_null(value=False).sum().alias("Eligible"),
        pl.col("eligible").is_null().sum().alias("Held"),
        (~pl.col("eligible")).fill_null(value=False).sum().alias("Not eligible"),
        pl.col("application").cast(pl.String).filter("leads").sort().alias("First"),
    )
    return (
        adverts.filter(~pl.col("status").is_in(["draft", "withdrawn"]))
        .sort("id")
        .join(counts, left_on="id", right_on="advert", how="left", maintain_order="left")
        .select(
            pl.col("id").cast(pl.String).alias("Advert"),
            profile.cast(pl.String).alias("Profile"),
            (pl.coalesce(bedrooms) if bedrooms else pl.lit(None, pl.Int64)).alias("Bedrooms"),
            pl.col("closes_at").alias("Closes"),
            *(pl.col(n).fill_null(0) for n in ("Bids", "Eligible", "Held", "Not eligible")),
            pl.col("First").list.head(5).list.join(", ")
            + pl.when(pl.col("First").list.len() > 5).then(pl.lit(", ..."))
            .when(pl.col("First").list.len() > 1).then(pl.lit(" (joint)")).otherwise(pl.lit("")),
        )
    )


def _set_aside(run: RunFolder) -> pl.DataFrame:
    return run.table("set_aside").select(
        pl.col("advert").cast(pl.String).alias("Advert"),
        pl.col("application").cast(pl.String).alias("Application"),
        pl.col("placed_at").alias("Bid placed"),
        pl.col("reason").replace(_ASIDE).alias("Reason"),
    )


def _last_close(run: RunFolder) -> Any:
    last = run.frames["adverts"]["closes_at"].max()
    return last.replace(tzinfo=None) if last is not None else None  # type: ignore[union-attr]
