"""The language of criteria: what is allowed, what is refused and where, and what missing means."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbl_engine.scheme.expressions import parse_expression
from cbl_engine.scheme.tokens import FUNCTIONS, ExpressionError

AS_AT = date(2024, 3, 31)
FRAME = pl.DataFrame(
    {
        "yes": [True],
        "no": [False],
        "missing": [None],
        "one": [1],
        "two": [2],
        "no_number": [None],
        "word": ["Ash"],
        "no_word": [None],
        "day": [date(2024, 2, 29)],
        "list": [[1, 2]],
        "no_list": [None],
        "advert.bedrooms": [2],
    },
    schema={
        "yes": pl.Boolean,
        "no": pl.Boolean,
        "missing": pl.Boolean,
        "one": pl.Int64,
        "two": pl.Int64,
        "no_number": pl.Int64,
        "word": pl.String,
        "no_word": pl.String,
        "day": pl.Date,
        "list": pl.List(pl.Int64),
        "no_list": pl.List(pl.Int64),
        "advert.bedrooms": pl.Int64,
    },
)
ALLOWED = ", ".join(sorted(FUNCTIONS))
ROW_WISE = f"one row at a time: comparisons, IN, BETWEEN, CASE and {ALLOWED}"
MANY_ROWS = "What looks over many rows belongs under facts"
USE_AS_AT = "Use as_at, the date the calculation is for"
NO_CLOCK = "cannot be used: the engine never reads a clock"


def value(text, **params):
    constants = {"as_at": AS_AT, **{f"param.{n}": v for n, v in params.items()}}
    return FRAME.select(parse_expression(text).polars(constants).alias("value"))["value"][0]


def refusal(text):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text).polars({"as_at": AS_AT})
    error = caught.value
    return error.offset, error.message, error.allowed, error.remedy


def test_names_are_joined_sorted_and_said_once():
    expression = parse_expression(
        "band = 'A' AND advert.bedrooms >= bedroom_need AND param.months < months "
        "AND NOT band = 'B' AND \"odd name\" AND as_at > day"
    )
    assert expression.names == (
        "advert.bedrooms", "as_at", "band", "bedroom_need", "day", "months", "odd name",
        "param.months",
    )
    assert expression.advert_names == ("bedrooms",)
    assert expression.param_names == ("months",)
    assert expression.own_names == ("band", "bedroom_need", "day", "months", "odd name")
    assert expression.offset_of("advert.bedrooms") == 15
    assert expression.offset_of("nowhere") == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one < two AND NOT one = two", True),
        ("one <> two", True),
        ("one != 1 OR two <= 2", True),
        ("one IN (1, 3)", True),
        ("one NOT IN (1, 3)", False),
        ("two BETWEEN 1 AND 3", True),
        ("CASE WHEN one = 1 THEN yes ELSE no END", True),
        ("CASE one WHEN 1 THEN no END", False),
        ("word LIKE 'A%'", True),
        ("word LIKE 'a%'", False),
        ("no_word IS NULL", True),
        ("word IS NOT NULL", True),
        ("(one + two) * 2 - 1 = 5", True),
        ("two % 2 = 0", True),
        ("two / 4 = 0.5", True),
        ("abs(-one) = 1", True),
        ("Round(1.6) = ceil(1.2) AND floor(2.9) = 2", True),
        ("array_contains(list, advert.bedrooms)", True),
        ("array_length(list) = 2", True),
        ("coalesce(no_number, 3) = 3", True),
        ("nullif(one, 1) IS NULL", True),
        ("lower(word) = 'ash' AND upper(word) = 'ASH' AND length(word) = 3", True),
        ("starts_with(word, 'A') AND ends_with(word, 'h')", True),
        ("word = 'O''Brien'", False),
        ("'O''Brien' = 'O''Brien'", True),
        ("word <> 'NOW() -- \"x\" ('", True),
        ("day = DATE '2024-02-29'", True),
        ("day + INTERVAL '1 month' < as_at", True),
        ("day + INTERVAL '1 month' + INTERVAL '2 days' = as_at", True),
        ("day BETWEEN as_at - INTERVAL '5 years' AND as_at", True),
        ("TRUE", True),
        ("yes = TRUE", True),
    ],
)
def test_allowed(text, expected):
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("missing AND no", False),
        ("missing AND yes", None),
        ("missing OR yes", True),
        ("missing OR no", None),
        ("NOT missing", None),
        ("no_number = 1", None),
        ("no_number = no_number", None),
        ("no_number <> 1", None),
        ("no_number IN (1, 2)", None),
        ("one IN (1, NULL)", True),
        ("one IN (2, NULL)", None),
        ("one NOT IN (2, NULL)", None),
        ("no_number BETWEEN 0 AND 9", None),
        ("one BETWEEN no_number AND 0", False),
        ("no_word LIKE 'A%'", None),
        ("one + no_number > 0", None),
        ("CASE WHEN missing THEN yes ELSE no END", False),
        ("array_contains(list, 1)", True),
        ("array_contains(list, 3)", False),
        ("array_contains(list, no_number)", None),
        ("array_contains(no_list, 1)", None),
        ("array_contains(list, NULL)", None),
        ("NOT array_contains(list, no_number)", None),
        ("array_contains(list, coalesce(no_number, 1))", True),
        ("array_contains(list, CASE WHEN missing THEN 1 ELSE 2 END)", True),
        ("length(no_word) = 0", None),
        ("coalesce(missing, no)", False),
    ],
)
def test_missing_is_not_false(text, expected):
    assert value(text) is expected


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (3, "param.x = one + two"),
        (-1, "-param.x = one AND one - param.x = 2"),
        (0.5, "two * param.x = 1"),
        (1e-7, "one > param.x AND param.x > 0"),
        (1e20, "one < param.x"),
        (True, "param.x"),
        ("Ash", "word = param.x"),
        ("O'Brien", "param.x = 'O''Brien'"),
        ("a\\", "param.x <> word"),
        (date(2024, 2, 29), "param.x = day"),
    ],
)
def test_a_parameter_is_a_literal_of_its_type(given, text):
    assert value(text, x=given) is True


def test_the_sql_quotes_names_and_writes_constants_out():
    expression = parse_expression("advert.bedrooms>=need AND day<as_at AND code=param.c")
    assert expression.sql({"as_at": AS_AT, "param.c": "it's"}) == (
        '"advert.bedrooms" >= "need" AND "day" < DATE \'2024-03-31\' AND "code" = \'it\'\'s\''
    )


@pytest.mark.parametrize(
    ("text", "offset", "message", "allowed", "remedy"),
    [
        ("one = 1 AND NOW() > day", 12, f"NOW {NO_CLOCK}", "", USE_AS_AT),
        ("day < now", 6, f"NOW {NO_CLOCK}", "", USE_AS_AT),
        ("day < Current_Date", 6, f"CURRENT_DATE {NO_CLOCK}", "", USE_AS_AT),
        ("CURRENT_TIMESTAMP > day", 0, f"CURRENT_TIMESTAMP {NO_CLOCK}", "", USE_AS_AT),
        ("LOCALTIME > day", 0, f"LOCALTIME {NO_CLOCK}", "", USE_AS_AT),
        ("today() > day", 0, f"TODAY {NO_CLOCK}", "", USE_AS_AT),
        ("one = max(two)", 6, "the function max cannot be used in a criterion", ALLOWED, MANY_ROWS),
        ("SUM(one) > 1", 0, "the function SUM cannot be used in a criterion", ALLOWED, MANY_ROWS),
        ("COUNT(*) > 1", 0, "the function COUNT cannot be used in a criterion", ALLOWED, MANY_ROWS),
        ("CAST(one AS text) = '1'", 0, "the function CAST cannot be used in a criterion", ALLOWED,
         MANY_ROWS),
        ("GREATEST(one, two) = 2", 0,
         "the function GREATEST cannot be used in a criterion (it skips missing values; use CASE)",
         ALLOWED, MANY_ROWS),
        ("two = least(one, two)", 6,
         "the function least cannot be used in a criterion (it skips missing values; use CASE)",
         ALLOWED, MANY_ROWS),
        ("one OVER (two)", 4, "OVER cannot be used in a criterion", ROW_WISE, ""),
        ("one IN (SELECT 1)", 8, "SELECT cannot be used in a criterion", ROW_WISE, ""),
        ("EXISTS (SELECT 1)", 0, "EXISTS cannot be used in a criterion", ROW_WISE, ""),
        ("one = ANY(list)", 6, "ANY cannot be used in a criterion", ROW_WISE, ""),
        ("word ILIKE 'a'", 5, "ILIKE cannot be used in a criterion", ROW_WISE, ""),
        ("yes AND homes.bedrooms = 1", 8, "homes. is not a table a criterion can read",
         "advert.column, param.name, or a column of the application by its name alone", ""),
        ("one = advert.", 6, "a name must follow advert.", "", ""),
        ("advert.home.x = 1", 11, ". cannot be used in a criterion", "", ""),
        ("yes -- and more", 4, "-- cannot be used in a criterion", "", ""),
        ("one::text = '1'", 3, ":: cannot be used in a criterion", "", ""),
        ("word || word = 'x'", 5, "|| cannot be used in a criterion", "", ""),
        ("yes; no", 3, "';' cannot stand here", "", "Text goes in 'single quotes'"),
        ("word = \u2018Ash\u2019", 7, "'\u2018' cannot stand here", "",
         "Text goes in 'single quotes'"),
        ("word = 'Ash", 7, '"\'" cannot stand here', "", "Text goes in 'single quotes'"),
        ("yes IS TRUE", 4, "IS may only be followed by NULL or NOT NULL", "",
         "Write the column by itself, or = 'value'"),
        ("yes IS NOT TRUE", 4, "IS may only be followed by NULL or NOT NULL", "",
         "Write the column by itself, or = 'value'"),
        ("yes IS", 4, "IS may only be followed by NULL or NOT NULL", "",
         "Write the column by itself, or = 'value'"),
        ("(one = 1", 7, "a bracket or CASE is never closed", "", ""),
        ("CASE WHEN yes THEN no", 20, "a bracket or CASE is never closed", "", ""),
        ("one = 1) OR (yes", 7, "a bracket closes that never opened", "", ""),
        ("yes END", 4, "END closes a CASE that never opened", "", ""),
        ("(" * 61 + "yes" + ")" * 61, 60, "the expression is nested too deeply", "", ""),
        ("yes" + " AND yes" * 301, 4 + 300 * 8, "the expression has too many parts",
         "at most 300 of AND, OR, NOT and operators", "Use IN, or several criteria"),
        ("x" * 4001, 0, "the expression is too long", "at most 4000 characters", ""),
        ("  ", 0, "the expression is empty", "", ""),
        ("day > DATE '2024-02-30'", 11, "2024-02-30 is not a day",
         "a date written YYYY-MM-DD, such as 2024-10-01", ""),
        ("day > DATE '1 May 2024'", 11, "1 May 2024 is not a day",
         "a date written YYYY-MM-DD, such as 2024-10-01", ""),
        ("day > DATE 2024-05-01", 6, "what follows DATE stands in quotes", "",
         "Write it so: DATE '2024-10-01'"),
        ("day > as_at - INTERVAL 12 MONTHS", 14, "what follows INTERVAL stands in quotes", "",
         "Write it so: INTERVAL '12 months'"),
        ("as_at - day > INTERVAL '12 months'", 14,
         "a length of time cannot be compared with months or years, which differ in length",
         "a date with + or - INTERVAL '12 months' after it",
         "Write registered_on < as_at - INTERVAL '12 months' for what is longer ago"),
        ("word == 'Ash'", 5, "== cannot be used in a criterion", "", "Write one ="),
        ("one two", 0, "two names in a row: an operator is missing between them", "", ""),
        ('"^.*$" = 1', 0, "Selector cannot be used in a criterion: it mixes rows", "", ""),
    ],
)  # fmt: skip
def test_refused(text, offset, message, allowed, remedy):
    assert refusal(text) == (offset, message, allowed, remedy)


@pytest.mark.parametrize(
    "text",
    ["yes AND", "one /* two */ = 1", "*", "()", "one, two", "lower()", "abs(one, two)",
     "array_contains(list)", "day + INTERVAL 'a while' > as_at", "- " * 1_900 + "one"],
)
def test_what_is_no_expression_is_refused(text):
    offset, message, _, _ = refusal(text)
    assert message.startswith(("this is not an expression: ", "the expression has too many parts"))
    assert 0 <= offset < len(text)


def test_the_longest_chain_allowed_compiles():
    assert value("yes" + " AND yes" * 300) is True


def test_a_quoted_keyword_is_a_name():
    assert parse_expression('"CASE" = 1 AND "NOW" = 2').names == ("CASE", "NOW")


_WORDS = [
    "yes", "one", "word", "advert.bedrooms", "advert.", "day", "list", "as_at", "1", "2.5", "'a'",
    "(", ")", ",", "=", "<", "-", "*", "/", "--", "AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN",
    "LIKE", "CASE", "WHEN", "THEN", "ELSE", "END", "DATE", "'2024-02-30'", "INTERVAL", "'1 month'",
    "abs", "array_contains", "coalesce", "sum", "NOW()", '"x"', "\n", "|", ".",
]  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), max_size=12), st.sampled_from(["", " "]))
def test_any_words_are_an_expression_or_an_error_within_them(words, between):
    text = between.join(words)
    error = None
    try:
        parse_expression(text).polars({"as_at": AS_AT})
    except ExpressionError as raised:
        error = raised
    assert error is None or (error.message and 0 <= error.offset <= max(len(text) - 1, 0))
