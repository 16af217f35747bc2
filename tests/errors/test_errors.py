"""What an error says and carries: its text, its problems and its exit code are interface."""

from __future__ import annotations

import pickle

import pytest

from cbl_engine import errors
from cbl_engine.errors import (
    BadInput,
    CaseError,
    CblError,
    Problem,
    PropertyError,
    RunError,
    SchemeError,
    TableError,
)


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("kind", "it is wrong"), "it is wrong"),
        (Problem("kind", "it is wrong", where="bids.advert"), "bids.advert: it is wrong"),
        (
            Problem("kind", "it is wrong", where="a.yaml:2:3", allowed="A, B"),
            "a.yaml:2:3: it is wrong; allowed: A, B",
        ),
        (Problem("kind", "it is wrong", given="C"), "it is wrong; given C"),
        (Problem("kind", "it is wrong", remedy="Mend it"), "it is wrong. Mend it"),
        (
            Problem("kind", "it is wrong", count=2, rows=("4", "9")),
            "it is wrong; 2 in all: 4, 9",
        ),
        (
            Problem("kind", "it is wrong", count=70, rows=("1", "2", "3", "4", "5")),
            "it is wrong; 70 in all: 1, 2, 3, 4, 5, ...",
        ),
        (
            Problem("kind", "it is wrong", count=6, rows=("1", "2", "3", "4", "5", "6")),
            "it is wrong; 6 in all: 1, 2, 3, 4, 5, ...",
        ),
        (
            Problem("kind", "it is wrong", "w", "A", "C", "Mend it", 2, ("4", "9")),
            "w: it is wrong; given C; allowed: A; 2 in all: 4, 9. Mend it",
        ),
    ],
)
def test_a_problem_is_one_line(problem, line):
    assert problem.line() == line


def test_bad_input_carries_every_problem_and_says_them_in_order():
    problems = [Problem("b", "second thing", where="b"), Problem("a", "first thing", where="a")]
    error = BadInput(iter(problems))
    assert error.problems == tuple(problems)
    assert str(error) == "b: second thing\na: first thing"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CblError, 1),
        (BadInput, 2),
        (SchemeError, 2),
        (TableError, 2),
        (CaseError, 2),
        (RunError, 2),
        (PropertyError, 3),
    ],
)
def test_exit_codes(error, code):
    assert error.exit_code == code


def test_the_tree_is_the_one_drawn_in_the_module():
    tree = {
        name: thing.__mro__[1].__name__
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, CblError)
    }
    assert tree == {
        "CblError": "Exception",
        "BadInput": "CblError",
        "SchemeError": "BadInput",
        "TableError": "BadInput",
        "CaseError": "BadInput",
        "RunError": "BadInput",
        "PropertyError": "CblError",
    }
    drawn = errors.__doc__.split("Messages name")[0]
    assert all(name in drawn for name in tree)


def test_a_property_error_says_which_and_that_nothing_was_written():
    error = PropertyError(2, "advert V1 has two at position 3")
    assert error.number == 2
    assert str(error) == (
        "property 2 does not hold: advert V1 has two at position 3. The output was not written. This "
        "is a defect of the engine: please report this line with the version and the seed, and no "
        "data of households."
    )


def test_errors_come_back_whole_from_another_process():
    sent = SchemeError([Problem("kind", "it is wrong", where="a"), Problem("kind", "so is this")])
    came = pickle.loads(pickle.dumps(sent))
    assert type(came) is SchemeError
    assert came.problems == sent.problems
    assert str(came) == str(sent)
    broken = pickle.loads(pickle.dumps(PropertyError(4, "keys fall")))
    assert (broken.number, str(broken)) == (4, str(PropertyError(4, "keys fall")))


def test_a_problem_is_frozen():
    with pytest.raises(AttributeError):
        Problem("kind", "it is wrong").message = "another"
