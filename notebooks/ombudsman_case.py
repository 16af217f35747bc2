"""An Ombudsman's case: a run replayed with a fact put right, and who would have stood where."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A case replayed")

with app.setup:
    import atexit
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import marimo as mo
    import polars as pl

    import cbl_engine as cbl

    PLAIN = {"selection": None, "show_data_types": False, "show_column_summaries": False}


@app.cell(hide_code=True)
def _():
    mo.md("""
    # A case replayed

    A household complains: its medical award was not acted on, it stayed in band C without a priority
    date, and it was never considered for the homes it bid for. What would have happened had the fact
    been right? A run folder holds exactly what its shortlists were made from, so it can be asked.
    """)
    return


@app.cell
def _():
    _folder = TemporaryDirectory()
    atexit.register(_folder.cleanup)
    folder = Path(_folder.name)
    cbl.run_shortlist("sheffield", "riverton", as_at="close", out=folder / "run")
    as_it_was = cbl.replay_run(folder / "run")
    mo.md("## The record, run again as it was\n\n" + as_it_was.text())
    return as_it_was, folder


@app.cell
def _():
    facts = mo.ui.code_editor(
        """\
corrections:
  - table: applications
    row: P0000332
    column: band
    was: C
    should_be: A
    reason: The medical award of 9 January was not acted on.
    evidence: Award letter, document 12
  - table: applications
    row: P0000332
    column: priority_date
    was: null
    should_be: 2026-01-09
    reason: The date of the award.
    evidence: Award letter, document 12
""",
        language="yaml",
    ).form(submit_button_label="Replay")
    mo.vstack([
        mo.md("""
    ## The facts put right

    What was wrong, what it should have been, why, and on what evidence. What it says that the record
    held is checked against the record.
    """),
        facts,
    ])
    return (facts,)


@app.cell
def _(facts, folder):
    (folder / "facts.yaml").write_text(facts.value or facts.element.value, encoding="utf-8")
    try:
        replay = cbl.replay_run(folder / "run", folder / "facts.yaml")
    except cbl.BadInput as error:
        mo.stop(True, mo.callout(mo.plain_text(str(error)), "warn"))
    return (replay,)


@app.cell
def _():
    audience = mo.ui.radio(["applicant", "officer"], "applicant", inline=True, label="For the")
    mo.vstack([mo.md("## What would have happened"), audience])
    return (audience,)


@app.cell
def _(audience, replay):
    finding = replay.text(audience.value)
    mo.callout(mo.plain_text(finding))
    return (finding,)


@app.cell
def _(audience, replay):
    places = replay.frame(audience.value).select(
        "advert", "application", "change",
        pl.col("outcome_then").alias("then"), pl.col("position_then").alias("place then"),
        pl.col("outcome_now").alias("put right"), pl.col("position_now").alias("place put right"),
    )
    mo.ui.table(places, page_size=10, **PLAIN)
    return (places,)


if __name__ == "__main__":
    app.run()
