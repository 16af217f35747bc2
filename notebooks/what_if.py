"""What if? A made-up borough with and without some levers moved, on the same worlds."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="What if?")

with app.setup:
    import sys
    from dataclasses import replace
    from datetime import date
    from html import escape
    from io import BytesIO
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import altair as alt
    import marimo as mo
    import polars as pl
    from ruamel.yaml import YAML

    import cbl_engine as cbl
    from cbl_engine.compare import findings
    from cbl_engine.compare.findings import headlines
    from cbl_engine.compare.says import base_level, change, group_of
    from cbl_engine.report import comparison_page
    from cbl_engine.scheme import shipped_schemes
    from cbl_engine.simulate.parameters import shipped_parameters

    KINDS = {
        "England": "england",
        "a London borough": "london_borough",
        "a metropolitan district": "metropolitan_district",
        "a unitary authority": "unitary",
        "a shire district": "shire_district",
    }
    CHOICES = {"scheme": list(shipped_schemes()), "authority_type": list(KINDS.values()), "apart": [True, False]}
    RANGES = {
        "households": (50, 20_000),
        "homes": (100, 60_000),
        "weeks": (4, 520),
        "replications": (3, 1000),
        "bids": (1, 6),
        "works": (50, 150),
        "early": (0, 100),
        "incentive": (1, 5),
        "payment": (0, 5000),
    }


@app.cell(hide_code=True)
def _():
    mo.md("""
    # What if?

    A made-up borough is simulated week by week, as it stands and with the levers that you move. Both
    meet the same luck, world by world: the same households join, the same tenancies end, so what
    differs is policy. Move a lever and press **Run**.
    """)
    return


@app.cell
def _():
    now = shipped_parameters().found
    first = {
        "scheme": "sheffield",
        "authority_type": "england",
        "households": 400,
        "homes": 1000,
        "weeks": 104,
        "replications": 30,
        "bids": int(now["bidding.most_bids"].number),
        "works": 100,
        "early": round(100 * now["voids.advertised_before_ready"].share),
        "incentive": now["downsizing.incentive"].number,
        "payment": int(now["downsizing.payment"].weights["first"]),
        "apart": True,
    }
    _options = mo.cli_args().to_dict()
    if _wrong := wrong_options(_options, first):
        stop_here("\n".join(_wrong), wrong=True)
    first |= _options
    return first, now


@app.function
def wrong_options(options, first):
    """What is wrong with first values given on the command line, a line each."""
    found = []
    for name, value in options.items():
        if name not in first:
            found.append(f"--{name}: there is no such option; allowed: {', '.join(f'--{n}' for n in first)}")
        elif isinstance(value, list):
            found.append(f"--{name}: given more than once; give one value")
        elif name in CHOICES:
            if str(value) not in map(str, CHOICES[name]):
                allowed = ", ".join(str(one).lower() for one in CHOICES[name])
                found.append(f"--{name}: given {value}; allowed: {allowed}")
        else:
            low, high = RANGES[name]
            whole = isinstance(first[name], int)
            number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
            if not number or not low <= value <= high:
                kind = "whole number" if whole else "number"
                found.append(f"--{name}: given {value}; allowed: a {kind} from {low} to {high}")
    return found


@app.function
def stop_here(words, wrong=False):
    """Say why nothing follows: on the page, or, as a script, in plain lines."""
    if mo.running_in_notebook():
        lines = mo.Html(f'<div style="white-space: pre-wrap">{escape(words)}</div>')
        mo.stop(True, mo.callout(lines, "warn"))
    if wrong:
        raise SystemExit(words)
    sys.stdout.write(f"{words}\n")
    mo.stop(True)


@app.cell
def _(first, now):
    _median = now["voids.works_days"].days_by["standard"][50]
    _two = '<div style="display: grid; grid-template-columns: 1fr 1fr; gap: 1rem 2.5rem">'
    controls = mo.md(f"""
    **The borough**

    {_two}{{scheme}}{{authority_type}}{{households}}{{homes}}</div>

    **The levers**

    {_two}{{bids}}{{works}}{{early}}{{incentive}}{{payment}}</div>

    {{apart}}

    **How long, how often**

    {_two}{{weeks}}{{replications}}</div>
    """).batch(
        scheme=mo.ui.dropdown(CHOICES["scheme"], first["scheme"], label="Scheme", full_width=True),
        authority_type=mo.ui.dropdown(
            KINDS,
            next(said for said, kind in KINDS.items() if kind == first["authority_type"]),
            label="A register like that of",
            full_width=True,
        ),
        households=mo.ui.number(
            *RANGES["households"], value=first["households"], label="Households waiting", full_width=True,
        ),
        homes=mo.ui.number(
            *RANGES["homes"], value=first["homes"], label="Homes of the stock", full_width=True,
        ),
        bids=mo.ui.slider(
            *RANGES["bids"], value=first["bids"], show_value=True, full_width=True,
            label="Bids a week of a household that bids, if the scheme allows",
        ),
        works=mo.ui.slider(
            *RANGES["works"], 5, value=first["works"], show_value=True, full_width=True,
            label=f"Days of standard works, % of now (median {_median:g} days)",
        ),
        early=mo.ui.slider(
            *RANGES["early"], 10, value=first["early"], show_value=True, full_width=True,
            label="Voids advertised before they are ready, %",
        ),
        incentive=mo.ui.slider(
            *RANGES["incentive"], 0.5, value=first["incentive"], show_value=True, full_width=True,
            label="Times as many tenants ask for a smaller home, with help to move",
        ),
        payment=mo.ui.slider(
            *RANGES["payment"], 250, value=first["payment"], show_value=True, full_width=True,
            label="Pounds paid them for each bedroom given up",
        ),
        apart=mo.ui.checkbox(first["apart"], label="Each lever by itself too"),
        weeks=mo.ui.number(*RANGES["weeks"], value=first["weeks"], label="Weeks", full_width=True),
        replications=mo.ui.number(
            *RANGES["replications"], value=first["replications"], label="Worlds", full_width=True,
        ),
    )
    form = controls.form(submit_button_label="Run", bordered=True)
    form
    return controls, form


@app.cell
def _(controls, form):
    # As a script there is nobody to press Run: it runs on the first values.
    given = form.value if mo.running_in_notebook() else controls.value
    return (given,)


@app.function
def levers_moved(given, now):
    """What each lever that does not stand where it stood changes: words and parameters by its name."""
    found = {}
    if given["bids"] != now["bidding.most_bids"].number:
        found["bids"] = (
            f"{given['bids']} bid{'s' if given['bids'] > 1 else ''} a week",
            {"bidding.most_bids": {"number": given["bids"]}},
        )
    if given["works"] != 100:
        days = {kind: dict(days) for kind, days in now["voids.works_days"].days_by.items()}
        days["standard"] = {p: round(d * given["works"] / 100, 1) for p, d in days["standard"].items()}
        found["works"] = (
            f"Standard works take {given['works']}% of their days",
            {"voids.works_days": {"days_by": days}},
        )
    if given["early"] != round(100 * now["voids.advertised_before_ready"].share):
        found["early"] = (
            f"{given['early']}% of voids advertised before they are ready",
            {"voids.advertised_before_ready": {"share": given["early"] / 100}},
        )
    if given["incentive"] != now["downsizing.incentive"].number:
        found["incentive"] = (
            f"{given['incentive']:g} times as many tenants ask for a smaller home",
            {"downsizing.incentive": {"number": given["incentive"]}},
        )
    if given["payment"] != now["downsizing.payment"].weights["first"]:
        # One lever with the help that it is part of: by itself it changes nothing but the money.
        words, values = found.get("incentive", ("Tenants who move to a smaller home", {}))
        pounds = dict.fromkeys(("first", "further"), given["payment"])
        found["incentive"] = (
            f"{words}, paid £{given['payment']:,} a bedroom",
            {**values, "downsizing.payment": {"weights": pounds}},
        )
    return found


@app.function
def scenario_of(given, now):
    """The borough as it stands, with variants for what the levers change."""
    moved = levers_moved(given, now)
    variants = moved if given["apart"] or len(moved) == 1 else {}
    if len(moved) > 1:
        together = {name: value for _, changes in moved.values() for name, value in changes.items()}
        variants = {**variants, "together": ("All levers together", together)}
    return {
        "title": f"A made-up borough under {given['scheme']} as it stands",
        "scheme": given["scheme"],
        "world": {n: given[n] for n in ("households", "homes", "authority_type")},
        "start": date(2026, 4, 6),
        **{n: given[n] for n in ("weeks", "replications")},
        "seed": 1,
        "variants": {
            name: {"title": title, "parameters": {
                n: {**value, "assumed": "the lever"} for n, value in changes.items()}}
            for name, (title, changes) in variants.items()
        },
    }


@app.function
def file_of(scenario):
    """The same as the text of a file."""
    text = BytesIO()
    YAML().dump(scenario, text)
    return text.getvalue().decode()


@app.function
def compared(scenario, bar):
    """The comparison of a scenario with its variants, telling the bar how far it is.

    Each side has two steps, of which 100 to the bar is the whole.
    """
    shares = {}

    def said(what, done, of):
        before = round(sum(shares.values()))
        shares[what] = 100 * done / (of or 1)
        bar.update(round(sum(shares.values())) - before, subtitle=what)

    with TemporaryDirectory() as folder:
        file = Path(folder) / "what_if.yaml"
        file.write_text(file_of(scenario), encoding="utf-8")
        return replace(cbl.compare(file, said=said), named=(file.name,))


@app.cell
def _(given, now):
    mo.stop(given is None)
    scenario = scenario_of(given, now)
    if not scenario["variants"]:
        stop_here("No lever was moved, so there is nothing to compare.")
    try:
        with mo.status.progress_bar(
            total=200 * (1 + len(scenario["variants"])), title="Simulating", show_rate=False,
            remove_on_exit=True,
        ) as _bar:
            comparison = compared(scenario, _bar)
    except cbl.BadInput as error:
        stop_here(str(error), wrong=True)
    return comparison, scenario


@app.cell
def _(comparison):
    said = findings(comparison, where="the pairs below")
    titles = {side.name: side.scenario.title for side in comparison.sides}
    _base = comparison.sides[0].scenario
    if not mo.running_in_notebook():
        sys.stdout.writelines(
            f"{titles[name]}: {line}\n" for name, lines in said.items() for line in lines)
    mo.md("\n".join([
        "## What differs",
        f"{_base.replications} worlds of {_base.weeks} weeks. Only what is told from luck is said, all figures looked at together.",
        *(f"\n**{titles[name]}**\n\n" + "\n".join(f"- {line}" for line in lines)
          for name, lines in said.items()),
    ]))
    return said, titles


@app.cell
def _(comparison, titles):
    _rows = pl.concat([headlines(comparison), comparison.differences.filter("told")])
    pairs = pl.DataFrame([
        {
            "Change": titles[row["variant"]],
            "Figure": f"{group_of(row['kpi'], row['group'])} [{row['unit']}]",
            "Base": base_level(row),
            "Difference": change(row)[0],
            "95% interval": change(row)[1],
            "Told": "told" if row["told"] else "",
        }
        for row in _rows.unique(["variant", "kpi", "group"], keep="first", maintain_order=True)
        .iter_rows(named=True)
    ])
    _numbers = ("Base", "Difference", "95% interval")
    mo.vstack([
        mo.md("## The pairs"),
        mo.ui.table(
            pairs, selection=None, pagination=False, show_data_types=False,
            show_column_summaries=False, text_justify_columns=dict.fromkeys(_numbers, "right"),
            wrapped_columns=["Change", "Figure"], max_height=560,
        ),
    ])
    return (pairs,)


@app.cell
def _(comparison, titles):
    chart = forest(headlines(comparison), titles)
    mo.vstack([
        mo.md("## The same as a picture\n\nDifference in percent of the base, with its 95% interval. "
              "Filled: told. What reaches further than the picture is in the table."),
        chart,
    ])
    return (chart,)


@app.function
def forest(rows, titles):
    """Differences in percent of the base with their intervals, a row for each headline figure."""
    percent = [(100 * pl.col(n) / pl.col("base").abs()).alias(n) for n in ("mean", "low", "high")]
    drawn = rows.filter(pl.col("base") != 0, pl.col("mean").is_not_null()).select(
        *percent,
        pl.struct("kpi", "group").map_elements(
            lambda r: group_of(r["kpi"], r["group"]), pl.String).alias("figure"),
        pl.col("variant").replace_strict(titles).alias("change"),
        pl.when("told").then(pl.lit("told")).otherwise(pl.lit("not told")).alias("told"),
    )
    told = drawn.filter(told="told").select("low", "high").cast(pl.Float64)
    reach = 1.2 * max(25.0, *(abs(x) for row in told.rows() for x in row), 0.0)
    changes = list(titles.values())
    colours = alt.Scale(range=["#0b5c7d", "#c8553d", "#7d5a94", "#4f9a7c", "#b07a10"])
    base = alt.Chart().encode(
        y=alt.Y("figure:N", sort=None, title=None, axis=alt.Axis(labelLimit=330)),
        yOffset=alt.YOffset("change:N", sort=changes),
        color=alt.Color(
            "change:N", title=None, sort=changes, scale=colours,
            legend=alt.Legend(orient="top", direction="vertical", labelLimit=500),
        ),
        tooltip=["change", "figure", "told",
                 *(alt.Tooltip(n, format=".1f") for n in ("mean", "low", "high"))],
    )
    x = {"scale": alt.Scale(domain=[-reach, reach]), "title": "difference, % of the base"}
    zero = alt.Chart().mark_rule(color="#8c8c8c").encode(x=alt.datum(0, **x))
    intervals = base.mark_rule(strokeWidth=2, clip=True).encode(x=alt.X("low:Q", **x), x2="high:Q")
    points = base.mark_point(size=55, opacity=1, clip=True).encode(
        x=alt.X("mean:Q", **x),
        fill=alt.condition(
            alt.datum.told == "told",
            alt.Fill("change:N", sort=changes, scale=colours, legend=None),
            alt.value("white"),
        ),
    )
    return alt.layer(zero, intervals, points, data=drawn).properties(
        width=580, height=alt.Step(14))


@app.cell
def _(comparison, scenario):
    _file = file_of(scenario)
    mo.vstack([
        mo.md("## To keep\n\nThe report is one page that opens without a network, for a committee; "
              "the scenario is the file that `cbl compare` and `cbl report` make the same from."),
        mo.hstack([
            mo.download(lambda: comparison_page(comparison).encode(), "report.html", "text/html",
                        label="The report"),
            mo.download(_file.encode(), "what_if.yaml", "text/yaml", label="The scenario"),
        ], justify="start"),
        mo.accordion({"The scenario": mo.md(f"```yaml\n{_file}```")}),
    ])
    return


if __name__ == "__main__":
    app.run()
