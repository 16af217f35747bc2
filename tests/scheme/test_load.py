"""Where schemes are found, how versions follow one another, and which is in force."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from cbl_engine.errors import SchemeError, TableError
from cbl_engine.scheme import advertising as advertising_module
from cbl_engine.scheme import assessment as assessment_module
from cbl_engine.scheme import bedrooms as bedrooms_module
from cbl_engine.scheme import bidding as bidding_module
from cbl_engine.scheme import (
    describe,
    json_schema,
    lint,
    load_scheme,
    scheme_changes,
    scheme_from_text,
    shipped_schemes,
)
from cbl_engine.scheme import facts as facts_module
from cbl_engine.scheme import keys as keys_module
from cbl_engine.scheme import model as model_module
from cbl_engine.scheme import offers as offers_module
from cbl_engine.scheme import upkeep as upkeep_module
from cbl_engine.scheme.facts import REDUCERS
from cbl_engine.scheme.keys import KEYS
from cbl_engine.scheme.parts import PATTERNS, Part


def version(force, name="harbour"):
    return (
        f"scheme: {name}\ntitle: T\nauthority: A\nin_force: {{{force}, assumed: true}}\n"
        "profiles: {homes: {label: x, order: [{tie: human}]}}\n"
    )


def error(call, *arguments):
    with pytest.raises(SchemeError) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_shipped_scheme_is_found_by_its_name():
    assert len(shipped_schemes()) == 10
    assert {"bexley", "sheffield", "welwyn_hatfield"} <= set(shipped_schemes())
    scheme = load_scheme("sheffield")
    assert scheme.name == "sheffield"
    assert scheme.documents[0].name == "sheffield.yaml"


def test_a_path_wins_over_a_name(tmp_path, monkeypatch):
    (tmp_path / "sheffield").write_text(version("from: 2024-01-01"))
    monkeypatch.chdir(tmp_path)
    assert load_scheme("sheffield").name == "harbour"
    assert load_scheme(tmp_path / "sheffield").name == "harbour"


def test_an_unknown_name_is_told_the_shipped_ones():
    assert error(load_scheme, "shefield") == (
        "shefield: there is no such file, and no scheme of that name is shipped; "
        "allowed: a path, or one of " + ", ".join(sorted(shipped_schemes()))
    )


@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_text_names_no_scheme_and_not_the_working_folder(tmp_path, monkeypatch, given):
    (tmp_path / "harbour.yaml").write_text(version("from: 2024-01-01"))
    monkeypatch.chdir(tmp_path)
    assert error(load_scheme, given) == (
        f"no scheme is named; given {given!r}; allowed: a path, or one of " + ", ".join(sorted(shipped_schemes()))
    )
    assert load_scheme(".").name == "harbour"


@pytest.mark.parametrize("text", ["scheme: " + "x" * 5_000, "a\nb: c", "nul\0"])
def test_text_in_place_of_a_path_is_refused_shortly(text):
    line = error(load_scheme, text)
    assert ": there is no such file, and no scheme of that name is shipped; allowed: " in line
    assert "\n" not in line
    assert len(line) < 300


def test_a_folder_holds_versions_in_any_order(tmp_path):
    (tmp_path / "a.yaml").write_text(version("from: 2024-01-01"))
    (tmp_path / "b.yaml").write_text(version("from: 2019-01-01, until: 2024-01-01"))
    (tmp_path / "notes.txt").write_text("not a scheme")
    scheme = load_scheme(tmp_path)
    assert [v.in_force.from_ for v in scheme.versions] == [date(2019, 1, 1), date(2024, 1, 1)]
    assert [d.name for d in scheme.documents] == ["b.yaml", "a.yaml"]


def test_problems_of_all_files_come_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text(version("from: 2024-01-01").replace("T", "&x T"))
    (tmp_path / "b.yaml").write_text("- not a scheme\n")
    (tmp_path / "c.yaml").write_text(version("from: soon"))
    assert error(load_scheme, tmp_path).split("\n") == [
        "a.yaml:2:8: anchors and aliases are not allowed here. Write the value out",
        "b.yaml:1:1: a scheme file is a mapping that begins with scheme:. "
        "cbl init writes a commented one to start from",
        "c.yaml:4:18: in_force.from must be a date; given 'soon'; "
        "allowed: a day written YYYY-MM-DD, such as 2025-04-01",
    ]


def test_versions_in_files_named_yml_are_read(tmp_path):
    (tmp_path / "a.yml").write_text(version("from: 2024-01-01"))
    (tmp_path / "b.yaml").write_text(version("from: 2019-01-01, until: 2024-01-01"))
    (tmp_path / "b.yaml~").write_text("not a scheme")
    assert [d.name for d in load_scheme(tmp_path).documents] == ["b.yaml", "a.yml"]


def test_what_is_refused_and_what_else_is_wrong_come_at_once():
    text = version("from: 2024-02-30") + "titel: x\nbands: {A: {label: ''}}\nbands: {}\n"
    assert error(scheme_from_text, [("f.yaml", text)]).split("\n") == [
        "f.yaml:4:18: there is no such day; given 2024-02-30. Correct the date, or put it in "
        "quotes if it is text",
        "f.yaml:6:1: titel is not a field of the scheme; allowed: title",
        "f.yaml:7:20: bands.A.label is empty",
        'f.yaml:8:1: found duplicate key "bands". Keep one of the two',
    ]


def test_a_name_that_is_none_and_what_is_wrong_under_it_come_at_once():
    text = version("from: 2024-02-01") + "columns: {applicatons: {x: {type: int, lable: X}}}\n"
    told = error(scheme_from_text, [("f.yaml", text)]).split("\n")
    assert told[0].startswith("f.yaml:6:11: columns.applicatons must be applications, people, ")
    assert told[1:] == [
        "f.yaml:6:25: label is missing from columns.applicatons.x",
        "f.yaml:6:40: lable is not a field of columns.applicatons.x; allowed: label",
    ]


def test_every_pattern_of_a_scheme_is_said_in_words():
    def patterns(part):
        if isinstance(part, dict):
            yield from (v for k, v in part.items() if k == "pattern" and isinstance(v, str))
            for item in part.values():
                yield from patterns(item)
        elif isinstance(part, list):
            for item in part:
                yield from patterns(item)

    assert set(patterns(json_schema())) == set(PATTERNS)


def test_no_file_and_no_text_are_no_scheme(tmp_path):
    assert error(load_scheme, tmp_path) == f"{tmp_path}: the folder holds no .yaml or .yml file"
    assert error(scheme_from_text, []) == "there is no text of a scheme"
    assert error(scheme_from_text, "").startswith("scheme.yaml:1:1: a scheme file is a mapping")


@pytest.mark.parametrize(
    ("earlier", "later", "line"),
    [
        (
            version("from: 2019-01-01"),
            version("from: 2024-01-01"),
            "new.yaml:4:18: this version begins 2024-01-01 while the one in old.yaml is still in "
            "force. Give in_force.until in old.yaml",
        ),
        (
            version("from: 2019-01-01, until: 2024-01-02"),
            version("from: 2024-01-01"),
            "new.yaml:4:18: this version begins 2024-01-01 while the one in old.yaml is still in "
            "force. Give in_force.until in old.yaml",
        ),
        (
            version("from: 2019-01-01, until: 2024-01-01"),
            version("from: 2024-01-01", "haven"),
            "new.yaml:1:9: the versions of a scheme share one name; given haven; allowed: harbour",
        ),
    ],
)
def test_versions_that_do_not_follow_one_another(earlier, later, line):
    assert error(scheme_from_text, [("new.yaml", later), ("old.yaml", earlier)]) == line


@pytest.mark.parametrize(
    ("on", "index"),
    [
        (date(2018, 12, 31), None),
        (date(2019, 1, 1), 0),
        (date(2023, 12, 31), 0),
        (date(2024, 1, 1), None),
        (date(2024, 6, 1), 1),
        (date(2099, 1, 1), 1),
    ],
)
def test_the_version_in_force_begins_on_its_first_day_and_ends_before_its_last(on, index):
    scheme = scheme_from_text(
        [
            ("old.yaml", version("from: 2019-01-01, until: 2024-01-01")),
            ("new.yaml", version("from: 2024-06-01")),
        ]
    )
    assert scheme.index_in_force(on) == index
    if index is not None:
        assert scheme.in_force(on) is scheme.versions[index]
        return
    assert error(scheme.in_force, on) == (
        f"old.yaml:4:11: the scheme harbour is not in force on {on}; "
        "allowed: from 2019-01-01 until 2024-01-01; from 2024-06-01. "
        "Choose another as-at date, or add the version in force then"
    )


@pytest.mark.parametrize("on", ["2024-01-01", datetime(2024, 1, 1), None])
def test_what_is_no_date_is_told_where_a_version_in_force_is_asked_for(on):
    scheme = scheme_from_text(version("from: 2019-01-01"))
    for ask in (scheme.in_force, scheme.index_in_force):
        with pytest.raises(TableError, match="the as-at date is not a date"):
            ask(on)


@pytest.mark.parametrize(
    "ask", [describe, lint, lambda name: scheme_changes(name, name)]
)
def test_the_name_of_a_scheme_is_no_scheme_until_it_is_loaded(ask):
    with pytest.raises(SchemeError, match=r"given a str; allowed: a cbl_engine\.Scheme\. Load"):
        ask("sheffield")


@pytest.mark.parametrize(
    ("named", "default", "profiles", "expected"),
    [
        ("b", None, "ab", "b"),
        ("b", "a", "ab", "b"),
        (None, "a", "ab", "a"),
        (None, None, "ab", None),
        (None, None, "a", "a"),
    ],
)
def test_the_profile_of_an_advert(named, default, profiles, expected):
    parts = ", ".join(f"{p}: {{label: x, order: [{{tie: human}}]}}" for p in profiles)
    text = version("from: 2024-01-01").split("profiles")[0] + f"profiles: {{{parts}}}\n"
    text += f"default_profile: {default}\n" if default else ""
    assert scheme_from_text(text).versions[0].profile_for(named) == expected


def test_an_order_is_short_for_one_stage():
    profile = load_scheme("runnymede").versions[0].profiles
    for one in profile.values():
        assert one.all_stages() == (one.stages or one.all_stages())
        assert all(stage.order for stage in one.all_stages())


def test_a_scheme_is_frozen():
    from pydantic import ValidationError

    with pytest.raises(ValidationError):
        load_scheme("sheffield").versions[0].title = "another"


def test_the_json_schema_is_stable_and_names_every_field():
    schema = json_schema()
    assert schema is json_schema()
    assert json.loads(json.dumps(schema)) == schema
    parts = [schema, *schema["$defs"].values()]
    named = {name for part in parts for name in part.get("properties", {})}
    models = [
        thing
        for module in (
            model_module, facts_module, keys_module, bedrooms_module, assessment_module,
            upkeep_module, advertising_module, bidding_module, offers_module,
        )
        for name, thing in vars(module).items()
        if isinstance(thing, type) and issubclass(thing, Part) and not name.startswith("_")
    ]
    fields = {f.alias or n for m in models for n, f in m.model_fields.items()}
    assert fields == named
    assert set(KEYS) | set(REDUCERS) <= named
    assert all(part["additionalProperties"] is False for part in parts if "properties" in part)


def test_every_public_part_of_the_model_is_documented():
    parts = vars(model_module) | vars(facts_module) | vars(keys_module)
    for name, thing in parts.items():
        if isinstance(thing, type) and issubclass(thing, Part):
            assert "__doc__" in vars(thing), name
            assert vars(thing)["__doc__"], name
