"""YAML as policy files use it: where everything stands, and one clear line for what is refused."""

from __future__ import annotations

import textwrap
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.documents import (
    MAX_BYTES,
    MAX_PROBLEMS,
    BadDocument,
    parse_document,
    read_document,
)
from cbl_engine.errors import BadInput

TEXT = """\
# A comment.
scheme: harbour
bands:
  A: {label: Urgent, source: P1}
  B: {label: "High need"}
eligible: [lives_here, "active"]
order:
  - band: [A, [B, C]]
  - date: priority_date
"""


def refused(text):
    with pytest.raises(BadInput) as caught:
        parse_document(text, "f.yaml")
    return str(caught.value)


def test_data_is_plain():
    document = parse_document(
        "a: {b: [1, -2.5, true, ~, text, 2024-02-29, '2024-02-29', 2024-01-02T03:04:05]}\n"
        "2024-01-01: 3\n",
        "f.yaml",
    )
    assert document.data == {
        "a": {
            "b": [
                1,
                -2.5,
                True,
                None,
                "text",
                date(2024, 2, 29),
                "2024-02-29",
                datetime(2024, 1, 2, 3, 4, 5),
            ]
        },
        date(2024, 1, 1): 3,
    }
    for value in (document.data, document.data["a"], document.data["a"]["b"]):
        assert type(value) in (dict, list)
    assert {type(v) for v in document.data["a"]["b"]} == {
        int, float, bool, type(None), str, date, datetime,
    }


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ((), "f.yaml:1:1"),
        (("scheme",), "f.yaml:2:9"),
        (("bands",), "f.yaml:4:3"),
        (("bands", "A"), "f.yaml:4:6"),
        (("bands", "A", "source"), "f.yaml:4:30"),
        (("eligible", 0), "f.yaml:6:12"),
        (("eligible", 1), "f.yaml:6:24"),
        (("order", 0, "band", 1, 0), "f.yaml:8:16"),
        (("order", 1), "f.yaml:9:5"),
    ],
)
def test_a_value_stands_at(path, where):
    assert parse_document(TEXT, "f.yaml").where(path) == where


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (("scheme",), "f.yaml:2:1"),
        (("bands", "B"), "f.yaml:5:3"),
        (("bands", "A", "source"), "f.yaml:4:22"),
        (("order", 1, "date"), "f.yaml:9:5"),
    ],
)
def test_a_key_stands_at(path, where):
    assert parse_document(TEXT, "f.yaml").where(path, key=True) == where


def test_what_is_not_there_stands_at_its_nearest_parent():
    document = parse_document(TEXT, "f.yaml")
    assert document.where(("bands", "A", "colour"), key=True) == "f.yaml:4:6"
    assert document.where(("profiles",)) == "f.yaml:1:1"
    assert document.where(("bands", "A", "colour"), offset=3) == "f.yaml:4:6"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("when: a = 1 OR here\n", "f.yaml:1:16"),
        ("when: 'a = 1 OR here'\n", "f.yaml:1:17"),
        ('when: "a = 1 OR here"\n', "f.yaml:1:17"),
        ("when: a = 1\n  OR here\n", "f.yaml:2:6"),
        ("when: 'a = 1\n\n  OR here'\n", "f.yaml:3:6"),
        ("when: >-\n  a = 1\n  OR here\n", "f.yaml:3:6"),
        ("when: >  # folded\n\n  a = 1\n\n     OR\n  here\n", "f.yaml:6:3"),
        ("when: |\n  a = 1\n  OR\n  here\n", "f.yaml:4:3"),
        ("when: 'a = ''1'' OR here'\n", "f.yaml:1:21"),
        ('when: "a = \\"1\\" OR here"\n', "f.yaml:1:21"),
        ("note: no \u2028 end\r\nwhen: a = 1 OR here\r\n", "f.yaml:2:16"),
    ],
)
def test_an_offset_is_found_however_the_text_is_folded(text, where):
    document = parse_document(text, "f.yaml")
    offset = document.data["when"].index("here")
    assert document.where(("when",), offset=offset) == where


@given(
    st.lists(st.sampled_from(["a", "=", "advert.b", "'x'", "AND", "("]), min_size=1, max_size=12),
    st.integers(1, 30),
    st.sampled_from([">-", "|", ">", "plain"]),
    st.data(),
)
def test_every_word_of_a_folded_text_is_found(words, width, style, data):
    words = ["first", *words]
    folded = textwrap.wrap(" ".join(words), width, break_long_words=False)
    head = "when: " if style == "plain" else f"when: {style}\n  "
    text = head + "\n  ".join(folded) + "\n"
    document = parse_document(text, "f.yaml")
    number = data.draw(st.integers(0, len(words) - 1))
    value = document.data["when"]
    offset = len(" ".join(words[:number])) + (number > 0)
    line, column = map(int, document.where(("when",), offset=offset).split(":")[1:])
    if offset:
        assert text.split("\n")[line - 1][column - 1 :].startswith(words[number])
    assert value.split() == words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x 1\n", "f.yaml:1:4: anchors and aliases are not allowed here. Write the value out"),
        ("a: 1\nb: *x\n",
         "f.yaml:2:4: anchors and aliases are not allowed here. Write the value out"),
        ("a: &a [*a]\n",
         "f.yaml:1:4: anchors and aliases are not allowed here. Write the value out\n"
         "f.yaml:1:8: anchors and aliases are not allowed here. Write the value out"),
        ("a: 1\n<<: {b: 2}\n",
         "f.yaml:2:1: merge keys (<<) are not allowed here. Write the values out"),
        ("a: !!python/object:os.system x\n",
         "f.yaml:1:4: tags are not allowed here; given tag:yaml.org,2002:python/object:os.system. "
         "Write plain YAML: text, numbers, dates, lists and mappings"),
        ("a: !!str 1\n",
         "f.yaml:1:4: tags are not allowed here; given tag:yaml.org,2002:str. "
         "Write plain YAML: text, numbers, dates, lists and mappings"),
        ("a: !house 1\n",
         "f.yaml:1:4: tags are not allowed here; given !house. "
         "Write plain YAML: text, numbers, dates, lists and mappings"),
        ("%YAML 1.1\n---\na: yes\n",
         "f.yaml:2:1: directives (lines that begin with %) are not allowed here. "
         "Leave the line out"),
        ("a: 1\nb: 2\na: 3\n", 'f.yaml:3:1: found duplicate key "a". Keep one of the two'),
        ("? [a, b]\n: 1\n",
         "f.yaml:1:3: a key must be one word, number or date, not a list or a mapping. "
         "Put a text that begins with [ or { in quotes"),
        ("a: 1\n{b: c}: 1\n",
         "f.yaml:2:1: a key must be one word, number or date, not a list or a mapping. "
         "Put a text that begins with [ or { in quotes"),
        ("? [a, [b]]\n: 1\n",
         "f.yaml:1:3: a key must be one word, number or date, not a list or a mapping. "
         "Put a text that begins with [ or { in quotes"),
        ("a: 1\n[[x]]: y\n",
         "f.yaml:2:1: a key must be one word, number or date, not a list or a mapping. "
         "Put a text that begins with [ or { in quotes"),
        ("{a: [b]}: c\n",
         "f.yaml:1:1: a key must be one word, number or date, not a list or a mapping. "
         "Put a text that begins with [ or { in quotes"),
        ("[" * 41 + "]" * 41,
         "f.yaml:1:41: the file is nested too deeply; allowed: at most 40 levels"),
        ("[" * 100_000,
         "f.yaml:1:41: the file is nested too deeply; allowed: at most 40 levels"),
        ("a: 1234567890123456789\n",
         "f.yaml:1:4: the number is too large; allowed: at most 18 digits"),
        ("a: -0x12345678901234567890\n",
         "f.yaml:1:4: the number is too large; allowed: at most 18 digits"),
        ("a: -.inf\n",
         "f.yaml:1:4: this is not a finite number; given -.inf. "
         "Write a number, or put it in quotes if it is text"),
        ("a: .NaN\n",
         "f.yaml:1:4: this is not a finite number; given .NaN. "
         "Write a number, or put it in quotes if it is text"),
        ("a: 1e400\n",
         "f.yaml:1:4: this is not a finite number; given 1e400. "
         "Write a number, or put it in quotes if it is text"),
        ("a: 2023-02-29\n",
         "f.yaml:1:4: there is no such day; given 2023-02-29. "
         "Correct the date, or put it in quotes if it is text"),
        ("a: [1\n",
         "f.yaml:2:1: this is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: b: c\n",
         "f.yaml:1:5: this is not YAML: mapping values are not allowed here. Text that holds a colon and a "
         "blank goes in quotes"),
        ("a: {b: c: d}\n",
         "f.yaml:1:9: this is not YAML: expected ',' or '}', but got ':'. Text that holds a colon and a "
         "blank goes in quotes"),
        ("a: @b\n",
         "f.yaml:1:4: this is not YAML: found character '@' that cannot start any token. Text that begins "
         "with a sign goes in quotes"),
        ("\ta: 1\n",
         "f.yaml:1:1: this is not YAML: found character '\\t' that cannot start any token. Indent with "
         "blanks, not with tabs"),
        ("a: 1\nb: x\x01\n",
         "f.yaml:2:5: this is not YAML: unacceptable character #x0001: "
         "special characters are not allowed"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: this is not YAML: but found another document"),
    ],
)
def test_refused_with_one_line(text, line):
    assert refused(text) == line


MANY = """\
a: 1
b: 2
a: 3
from: 2024-02-30
until: 2025-13-01
c: {d: .inf, d: !house 1}
[[e]]: &f 12345678901234567890
b: 4
"""


def test_all_that_is_refused_is_told_at_once():
    assert [line.split(": ")[:2] for line in refused(MANY).splitlines()] == [
        ["f.yaml:3:1", 'found duplicate key "a". Keep one of the two'],
        ["f.yaml:4:7", "there is no such day; given 2024-02-30. Correct the date, or put it in "
                       "quotes if it is text"],
        ["f.yaml:5:8", "there is no such day; given 2025-13-01. Correct the date, or put it in "
                       "quotes if it is text"],
        ["f.yaml:6:8", "this is not a finite number; given .inf. Write a number, or put it in "
                       "quotes if it is text"],
        ["f.yaml:6:14", 'found duplicate key "d". Keep one of the two'],
        ["f.yaml:6:17", "tags are not allowed here; given !house. Write plain YAML"],
        ["f.yaml:7:1", "a key must be one word, number or date, not a list or a mapping. Put a "
                       "text that begins with [ or { in quotes"],
        ["f.yaml:7:8", "anchors and aliases are not allowed here. Write the value out"],
        ["f.yaml:7:8", "the number is too large; allowed"],
        ["f.yaml:8:1", 'found duplicate key "b". Keep one of the two'],
    ]


def test_what_is_refused_before_a_slip_of_syntax_is_told_with_it():
    assert [line[:10] for line in refused("a: 1\na: 2\nb: c: d\n").splitlines()] == [
        "f.yaml:2:1", "f.yaml:3:5"]


def test_no_more_than_a_hundred_are_told():
    assert len(refused("a: 1\n" * 100_000).splitlines()) == MAX_PROBLEMS


def test_what_can_be_read_beside_what_is_refused_is_kept():
    with pytest.raises(BadDocument) as caught:
        parse_document(MANY, "f.yaml")
    assert caught.value.document.data == {
        "a": 1, "b": 2, "from": "2024-02-30", "until": "2025-13-01", "c": {"d": ".inf"}}
    with pytest.raises(BadDocument) as caught:
        parse_document("a: [1\n", "f.yaml")
    assert caught.value.document is None


@pytest.mark.parametrize("text", ["a: 1\na: 2\na: 3\n", "[[a]]: 1\n? {b: c}\n: 2\n"])
def test_every_scalar_as_text_is_refused_alike(text):
    with pytest.raises(BadInput) as caught:
        parse_document(text, "f.yaml", as_text=True)
    assert len(caught.value.problems) == 2
    assert str(caught.value) == refused(text)


def test_a_folded_text_is_the_same_where_every_scalar_is_text():
    text = "a: >\n  one\n  two\n\n  three\nb: 01\n"
    assert parse_document(text, "f.yaml", as_text=True).data == {"a": "one two\nthree\n", "b": "01"}


def test_a_time_that_never_was_stands_where_it_is():
    assert refused("a: 1\nb: 2024-01-01 25:00:00\n").startswith("f.yaml:2:4: this is not YAML: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: '1234567890123456789'", "1234567890123456789"),
        ("a: 12345678901234567890abc", "12345678901234567890abc"),
        ("a: -123456789012345678", -123456789012345678),
        ("a: '.inf'", ".inf"),
        ("a: '<<'", "<<"),
        ("a: yes", "yes"),
        ("a: no", "no"),
        ("a: 017", 17),
        ("a: '2023-02-29'", "2023-02-29"),
        ("a: 12:30", "12:30"),
        ("a: ", None),
        ("a: " + "[" * 39 + "]" * 39, eval("[" * 39 + "]" * 39)),
    ],
)
def test_allowed(text, value):
    assert parse_document(text, "f.yaml").data == {"a": value}


def test_an_empty_file_holds_nothing():
    assert parse_document("", "f.yaml").data is None


@given(st.text(st.sampled_from("ab:-[]{}&*!|>%@`'\"#,?\n \t1.<~\u2028\x85\r"), max_size=40))
def test_any_text_is_a_document_or_bad_input(text):
    problems, places = (), []
    try:
        document = parse_document(text, "f.yaml")
        places = [document.where(path, offset=1) for path in document.positions]
    except BadInput as error:
        problems = error.problems
    assert all(place.startswith("f.yaml") for place in [*places, *(p.where for p in problems)])
    assert all(int(number) >= 1 for place in places for number in place.split(":")[1:])


def test_a_byte_order_mark_is_no_content(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(path).data == {"a": 1}
    assert read_document(path).where(("a",)) == "f.yaml:1:4"


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes("a: café\n".encode("latin-1"))
    with pytest.raises(BadInput) as caught:
        read_document(path)
    assert str(caught.value) == "f.yaml: the file is not UTF-8 (byte 6). Save it as UTF-8"


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(BadInput) as caught:
        read_document(path)
    assert str(caught.value) == (
        "f.yaml: the file is too large for a policy file; given 4000001 bytes; "
        "allowed: at most 4000000 bytes. Keep tables in CSV or Parquet"
    )


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadInput) as caught:
        read_document(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path / 'none.yaml'}: the file cannot be read: No such file or directory"
    )
    with pytest.raises(BadInput) as caught:
        read_document(tmp_path)
    assert str(caught.value) == f"{tmp_path}: the file cannot be read: Is a directory"
