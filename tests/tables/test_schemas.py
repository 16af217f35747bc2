"""The declarations themselves."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cbl_engine.tables as tables
from cbl_engine.tables import DTYPES, TABLES, ExtraColumn, columns_of, data_dictionary, schema_of


def test_public_names_are_sorted_and_there():
    assert tables.__all__ == sorted(
        tables.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n)
    )
    assert all(hasattr(tables, name) for name in tables.__all__)


def test_importing_does_not_load_dataframely():
    code = "import sys, cbl_engine.tables; sys.exit('dataframely' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("table", TABLES)
def test_dataframely_schema_has_the_declared_types_and_metadata(table):
    schema = schema_of(table, [ExtraColumn("filter", "int_list")])
    columns = schema.columns()
    assert set(columns) == {*columns_of(table), "filter"}
    for column in TABLES[table]:
        assert columns[column.name].dtype == DTYPES[column.type]
        assert columns[column.name].nullable is not column.required
        assert columns[column.name].metadata["personal"] is column.personal


def test_data_dictionary_has_every_column_once():
    frame = data_dictionary({"homes": [ExtraColumn("epc", "code", codes=("A", "B"))]})
    assert not frame.select("table", "column").is_duplicated().any()
    assert frame.height == sum(map(len, TABLES.values())) + 1
    assert frame.filter(column="epc")["codes"].to_list() == [["A", "B"]]
    needed = frame.filter("required").group_by("table").len()
    assert needed.height == len(TABLES)
    said = frame.filter(~frame["required"])
    assert (said["null_means"] != "").all()
    assert (frame["doc"] != "").all()


def test_adverts_may_carry_what_homes_have():
    assert set(columns_of("homes")) <= set(columns_of("adverts"))
