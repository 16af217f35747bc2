"""The package's surface: sorted, importable, documented, and cheap until it is used."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import cbl_engine
from cbl_engine.offers.book import Book
from cbl_engine.packs.happened import of_record
from tests.report.recorded_lettings import SCHEME, drawn

HEAVY = ("polars", "numpy", "pydantic")


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def heavy_after(code):
    report = f"import sys\n{code}\nprint('|', [m for m in {HEAVY!r} if m in sys.modules])"
    done = run(report)
    assert done.returncode == 0, done.stderr
    return done.stdout.rsplit("|", 1)[1].strip()


def test_all_is_sorted_and_says_nothing_twice():
    assert cbl_engine.__all__ == sorted(set(cbl_engine.__all__))


@pytest.mark.parametrize("name", cbl_engine.__all__)
def test_a_public_name_imports_and_is_documented(name):
    thing = getattr(cbl_engine, name)
    assert name in dir(cbl_engine)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        assert inspect.getdoc(thing)
        assert thing.__name__ == name
        # A dataclass without one gets its signature as docstring.
        assert not inspect.getdoc(thing).startswith(f"{name}(")
    else:
        assert name == "__version__"


def test_every_room_documents_what_it_exports():
    for room in ("assess", "cases", "compare", "export", "quality", "records", "report", "sample",
                 "scheme", "shortlist", "simulate", "tables"):
        module = __import__(f"cbl_engine.{room}", fromlist=["*"])
        assert module.__doc__
        assert len(module.__all__) == len(set(module.__all__))
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                assert inspect.getdoc(thing), f"{room}.{name}"


def every_class():
    """Every class of the package, whichever module it is in."""
    for found in pkgutil.walk_packages(cbl_engine.__path__, "cbl_engine."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            yield from (thing for thing in vars(module).values()
                        if inspect.isclass(thing) and thing.__module__ == found.name)


def test_what_holds_rows_of_households_keeps_them_out_of_its_repr():
    """A repr is in every log and traceback with locals; functions over frames hold none."""
    rows = re.compile(r"\b(DataFrame|LazyFrame|Series|Frames)\b")
    shown = [f"{thing.__module__}.{thing.__name__}.{field.name}"
             for thing in every_class() if dataclasses.is_dataclass(thing)
             for field in dataclasses.fields(thing)
             if field.repr and rows.search(str(field.type))
             and not str(field.type).startswith("Callable[")]
    assert not shown
    record = drawn(1)
    households = set(record.tables["lettings"]["application"])
    for held in (of_record(record, SCHEME), Book.from_tables(record.tables)):
        assert not households & set(re.findall(r"\w+", repr(held))), type(held).__name__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'cbl_engine' has no attribute 'shortlst'"):
        _ = cbl_engine.shortlst


def test_importing_the_package_imports_nothing_heavy():
    assert heavy_after("import cbl_engine") == "[]"
    assert heavy_after("import cbl_engine; dir(cbl_engine); cbl_engine.__version__") == "[]"


def test_the_command_says_its_help_without_anything_heavy():
    code = (
        "import runpy\nsys.argv = ['cbl', '--help']\n"
        "try:\n    runpy.run_module('cbl_engine.cli', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n    assert not end.code, end.code"
    )
    assert heavy_after(code) == "[]"


@pytest.mark.parametrize(
    "code",
    [
        "from cbl_engine.shortlist import kernel",
        "import cbl_engine.shortlist.kernel",
        "import cbl_engine.shortlist",
        "from cbl_engine import shortlist; import cbl_engine.shortlist.kernel",
        "import cbl_engine; cbl_engine.shortlist; from cbl_engine.shortlist import kernel",
    ],
)
def test_shortlist_stays_the_function(code):
    done = run(
        f"{code}\nimport cbl_engine, inspect, sys\n"
        "from cbl_engine import shortlist\n"
        "assert inspect.isfunction(cbl_engine.shortlist), cbl_engine.shortlist\n"
        "assert shortlist is cbl_engine.shortlist\n"
        "assert inspect.ismodule(sys.modules['cbl_engine.shortlist'])\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "code",
    ["from cbl_engine.simulate import run", "import cbl_engine.simulate.run",
     "from cbl_engine import simulate; import cbl_engine.simulate.run"],
)
def test_simulate_stays_the_function(code):
    done = run(f"{code}\nimport cbl_engine, inspect\n"
               "assert inspect.isfunction(cbl_engine.simulate), cbl_engine.simulate\n")
    assert done.returncode == 0, done.stderr
