"""A first shortlist: a scheme and a borough, who stands where on each home, and why."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A first shortlist")

with app.setup:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import marimo as mo
    import polars as pl

    import cbl_engine as cbl
    from cbl_engine.sample import sample_borough_for
    from cbl_engine.scheme import shipped_schemes

    PLAIN = {"selection": None, "show_data_types": False, "show_column_summaries": False}


@app.cell(hide_code=True)
def _():
    mo.md("""
    # A first shortlist

    A scheme says who may be let a home and in which order; a borough has households, homes, adverts
    and bids. Choose a scheme, then a home, then a household, and read why it stands where it stands.
    """)
    return


@app.cell
def _():
    first = {"scheme": "sheffield", **mo.cli_args().to_dict()}
    scheme_name = mo.ui.dropdown(list(shipped_schemes()), first["scheme"], label="Scheme")
    scheme_name
    return (scheme_name,)


@app.cell
def _(scheme_name):
    scheme = cbl.load_scheme(scheme_name.value)
    mo.accordion({
        f"{scheme.versions[-1].title} in words": mo.md(cbl.describe(scheme).markdown())})
    return (scheme,)


@app.function
def shortlisted(scheme):
    """Every advert of Riverton, or of a borough made for the scheme, judged as at its close.

    Riverton's adverts and bands are those of Sheffield's scheme.
    """
    if scheme.name == "sheffield":
        return cbl.run_shortlist(scheme, "riverton", as_at="close")
    with TemporaryDirectory() as folder:
        borough = Path(folder) / "borough"
        cbl.write_tables(sample_borough_for(scheme, households=800, adverts=20), borough)
        return cbl.run_shortlist(scheme, borough, as_at="close")


@app.cell
def _(scheme):
    result = shortlisted(scheme)
    adverts = result.summary()
    mo.vstack([
        mo.md("## Every home"),
        mo.ui.table(
            adverts.with_columns(pl.col("first").list.join(", ")), page_size=10, **PLAIN),
    ])
    return adverts, result


@app.cell
def _(adverts):
    advert = mo.ui.dropdown(
        adverts["advert"].to_list(), "ADV000003", searchable=True, label="Advert")
    mo.vstack([mo.md("## One home"), advert])
    return (advert,)


@app.cell
def _(advert, result):
    bids = result.frame([advert.value])
    mo.ui.table(
        bids.select(
            "position",
            "application",
            pl.when("eligible").then(pl.lit("eligible"))
            .when(pl.col("position").is_not_null()).then(pl.lit("held"))
            .otherwise(pl.lit("not eligible")).alias("standing"),
            pl.col("decided_by").fill_null(""),
            pl.concat_list("failed", "unknown").list.join(", ").alias("not met or not known"),
        ),
        page_size=10,
        **PLAIN,
    )
    return (bids,)


@app.cell
def _(bids):
    _all = bids["application"].to_list()
    application = mo.ui.dropdown(
        _all, "P0000332" if "P0000332" in _all else _all[0], searchable=True, label="Application")
    audience = mo.ui.radio(["applicant", "officer"], "applicant", inline=True, label="For the")
    mo.vstack([mo.md("## Why?"), mo.hstack([application, audience], justify="start", gap=2)])
    return application, audience


@app.cell
def _(advert, application, audience, result):
    why = cbl.explain(result, advert.value, application.value, audience=audience.value).text()
    mo.callout(mo.plain_text(why))
    return (why,)


if __name__ == "__main__":
    app.run()
