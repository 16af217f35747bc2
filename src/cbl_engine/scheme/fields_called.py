"""What the fields of a scheme are called when a change of one is said."""

from __future__ import annotations

from typing import Any

NOUNS = {
    "bands": "band",
    "columns": "column",
    "parameters": "parameter",
    "facts": "fact",
    "criteria": "criterion",
    "profiles": "profile",
    "local_lettings_plans": "plan",
    "sources": "source",
    "bedroom_standards": "bedroom standard",
    "awards": "award",
}
"""What one of the parts under a name is."""

PARTS = {"assessment": "assessment", "priority_date": "date that ranks"}
"""Fields that are a part with a name of its own."""

_CALLED = {
    "from_": "the first day in force",
    "until": "the day it ends",
    "in_force": "the dates in force",
    "when_unknown": "what follows when it is not known",
    "if_null": "what an empty cell means",
    "if_none": "the answer for a household without rows",
    "illustrative": "whether it is ours",
    "assumed": "whether the start is assumed",
    "read_on": "the day it was read",
    "url": "the address",
    "next_stage_when": "when offers go on to the next stage",
    "default_profile": "the profile of adverts that name none",
    "of": "the table it looks over",
    "area": "the area",
    "kinds": "the kinds of connection that count",
    "held_by": "whose connections count",
    "levels": "the levels, the closest first,",
    "min_months": "the months it must have lasted",
    "window_months": "the months looked back over",
    "consecutive": "whether it is without a break",
    "codes": "the codes allowed",
    "criterion": "whom it counts",
    "scheme": "the short name",
    "tests": "what it tests",
    "assessment": "how households are assessed",
}

_CALLED_IN = {
    "assessment": {
        "when": "the criterion",
        "priority_date": "the rule for the date that ranks",
        "size": "the bedroom standard that gives need and sizes",
        "otherwise": "the band of those without any",
        "points_at_least": "the points once promised",
    },
    "awards": {
        "at_least": "how many of the awards it counts must be held",
        "of": "the awards it counts",
        "since": "the day it begins",
        "lasts_months": "the months it lasts",
        "one_of": "the group of which only the best counts",
        "each": "what its points are multiplied by",
        "most": "the most points it gives",
        "up": "the bands it raises by",
        "not_above": "the highest band it raises to",
        "at_most": "the highest band it leaves",
        "place": "the place inside the band",
    },
    "priority_date": {
        "first": "the date it begins with",
        "first_band": "the date in a first band after none",
        "up": "the date in a higher band",
        "down": "the date in a lower band",
        "policy": "the date after a new policy",
        "reregistration": "the date when registered again",
        "joined": "the date of joined applications",
        "split": "the date of split applications",
        "take": "the date taken",
        "months_earlier": "the months it goes back",
    },
    "bedroom_standards": {
        "unit": "the unit",
        "own_room_from": "the age from which everyone has a room",
        "same_sex_until": "the age until which two of one sex share",
        "same_sex_from": "the age from which two of one sex share",
        "any_sex_until": "the age until which any two share",
        "any_sex_inclusive": "whether any two share at that age too",
        "couples": "which couples share",
        "applicant": "whether an applicant alone has a room at any age",
        "cannot_share": "what follows for those who cannot share",
        "unborn_from_weeks": "the week of pregnancy from which a child counts",
        "unborn_sex": "the sex taken for a child not yet born",
        "under_ones": "whether children under 1 count",
        "carers": "how carers count",
        "foster_children": "how foster children count",
        "part_time_children": "how children with a main home elsewhere count",
        "temporarily_away": "whether people away count",
        "extra_rooms": "the rooms agreed by an officer",
        "most": "the most the need may be",
        "smallest_room_sq_ft": "the square feet below which a room is not counted",
        "children_until": "the age until which the table counts a child",
        "unknown": "what is taken where a fact is missing",
        "not_stated": "what an empty yes-or-no cell of a person means",
        "bedrooms": "the need",
        "sizes": "sizes that may be let",
        "smaller": "how many sizes smaller may be let",
        "larger": "how many sizes larger may be let",
        "smaller_from": "the need from which a smaller home may be let",
        "smaller_if": "who may have a smaller home",
        "larger_if": "who may have a larger home",
        "smallest": "the smallest size let",
    },
}
"""What a field is called within a part of the scheme, where that differs from elsewhere."""


def field_called(path: tuple[Any, ...], field: str) -> str:
    """What a field of the part at a path in the file is called."""
    parts = path[:2] if path[:1] == ("assessment",) else path[:1]  # deeper down stand names that people gave
    for part in reversed(parts):
        if field in _CALLED_IN.get(part, {}):
            return _CALLED_IN[part][field]
    return _CALLED.get(field, field.replace("_", " "))
