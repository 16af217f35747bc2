"""Bedroom standards as data: who shares a room, who is counted, and which sizes may be let.

``docs/bedrooms.md`` shows each part by example. Ages are whole years at as-at; an age that
something holds *until* is the first at which it no longer does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cbl_engine.scheme.parts import InForce, Labelled, Name, Part, Sql, Text

Age = Annotated[int, Field(ge=0, le=120)]
Bedrooms = Annotated[int, Field(ge=0, le=20)]

SHAPE = {
    "couples": "int",
    "adults": "int",
    "children": "int",
    "boys": "int",
    "girls": "int",
    "youngest_child": "int",
    "oldest_child": "int",
    "applicant_in_couple": "bool",
    "carers": "int",
    "cannot_share": "int",
    "rule": "int",
}
"""What the ``when`` of a table's row may read of a household, with types.

couples: couples counted. adults: counted people from the table's ``children_until`` on who are
neither the applicant nor in a couple. children: counted people below it. boys, girls: children of
that sex. youngest_child, oldest_child [years]: ages, an unborn child's 0; null without children.
applicant_in_couple; carers: whether there is a carer (0 or 1); cannot_share: counted people who
cannot share. rule: the need by the rule of pairs.
"""



Counted = Literal["counted", "not_counted", "one_room"]


class TableRow(Part):
    """One row of a council's table. The first row whose ``when`` is true gives the need."""

    label: Text | None = Field(None, description="which households the row is for, in words")
    when: Sql = Field(description="SQL over the household's shape, true when the row applies")
    bedrooms: Bedrooms | None = Field(
        None, description="the need; left out: that of the rule, and only sizes change"
    )
    sizes: tuple[Bedrooms, ...] = Field((), description="sizes that may be let; empty: by the rule")


class SizesLet(Part):
    """Sizes that may be let beside the need itself; ``..._if`` names a bool column of applications.

    With a column, only households for which it is true may have the smaller or larger home.
    """

    smaller: Annotated[int, Field(ge=0, le=5)] = Field(0, description="sizes below the need")
    smaller_from: Bedrooms = Field(0, description="only for needs of at least this")
    smaller_if: Name | None = Field(None, description="for whom; left out: for all")
    larger: Annotated[int, Field(ge=0, le=5)] = Field(0, description="sizes above the need")
    larger_if: Name | None = Field(None, description="for whom; left out: for all")
    smallest: Bedrooms = Field(1, description="never a size below this, unless the need is")


class BedroomStandard(Labelled):
    """A bedroom standard. Without ``extends``, every field has the value shown here.

    Everyone from ``own_room_from`` on has a room, except that a couple has one between them. Of
    the rest, two of one sex may share until ``same_sex_until``, and any two until
    ``any_sex_until``. The fewest rooms that do are the need.
    """

    extends: str | None = Field(
        None, description="a shipped standard; what is written here takes the place of its own"
    )
    in_force: InForce | None = Field(None, description="left out: whenever it is used")
    unit: Literal["bedrooms", "bed_spaces"] = Field(
        "bedrooms", description="bed_spaces: one for each person, whoever shares"
    )
    own_room_from: Age | Literal["never"] = Field(16, description="[years]; never: by sex alone")
    same_sex_until: Age | Literal["any_age", "never"] = Field(16, description="[years]")
    same_sex_from: Age = Field(0, description="[years] younger ones do not share by sex")
    any_sex_until: Age | Literal["never"] = Field(10, description="[years]")
    any_sex_inclusive: bool = Field(False, description="true: also at that age")
    couples: Literal["share", "applicant_only", "apart"] = Field(
        "share", description="which couples share a room"
    )
    applicant: Literal["own_room", "by_age"] = Field(
        "own_room", description="whether an applicant alone, or a lone parent, has a room at any age"
    )
    cannot_share: Literal["own_room", "not_counted"] = Field(
        "own_room", description="own_room: also a second room for a couple"
    )
    unborn_from_weeks: Annotated[int, Field(ge=0, le=42)] | Literal["never"] = Field(
        "never", description="[weeks] of pregnancy from which it counts as age 0; 0: once recorded"
    )
    unborn_sex: Literal["unknown", "fewest"] = Field(
        "unknown", description="fewest: taken as the sex that needs the fewest rooms"
    )
    under_ones: Literal["counted", "not_counted", "twins_counted"] = Field(
        "counted", description="twins_counted: only when there are two or more; the unborn that count "
        "are among them"
    )
    carers: Counted = Field("one_room", description="one_room: one for all of them")
    foster_children: Counted = Field("counted", description="one_room: one for all of them")
    part_time_children: Counted = Field(
        "not_counted", description="children with a main home elsewhere; one_room: one for all"
    )
    temporarily_away: Literal["counted", "not_counted"] = Field(
        "counted", description="who is away for now; of a couple, the other still has the room"
    )
    extra_rooms: Name | None = Field(
        None, description="a whole-number column of applications: rooms an officer has agreed"
    )
    most: Bedrooms | None = Field(None, description="a cap on the need")
    smallest_room_sq_ft: Annotated[float, Field(ge=0, le=500)] = Field(
        0, description="[square feet] a bedroom now held that is smaller does not count"
    )
    table: tuple[TableRow, ...] = Field((), description="where given, stands above the rule")
    children_until: Age = Field(18, description="[years] who counts as a child in the table")
    sizes: SizesLet = Field(SizesLet(), description="sizes that may be let beside the need")
    unknown: Literal["hold", "fewest", "most"] = Field(
        "hold", description="a missing age or sex that matters: not known, or fewest or most rooms"
    )
    not_stated: Literal["unknown", "no"] = Field(
        "unknown", description="no: a yes-or-no fact of a person with an empty cell is taken as no"
    )
    notes: tuple[Text, ...] = Field((), description="for readers: how unclear words were read")

    def same_sex_limit(self) -> int:
        """First age [years] at which two of one sex no longer share."""
        until = {"any_age": NO_AGE, "never": 0}.get(str(self.same_sex_until), self.same_sex_until)
        return min(int(until), self.own_room_limit())

    def any_sex_limit(self) -> int:
        """First age [years] at which any two no longer share."""
        if self.any_sex_until == "never":
            return 0
        return min(self.any_sex_until + self.any_sex_inclusive, self.own_room_limit())

    def own_room_limit(self) -> int:
        """First age [years] with a room of one's own."""
        return NO_AGE if self.own_room_from == "never" else int(self.own_room_from)


NO_AGE = 999
"""An age nobody reaches."""
