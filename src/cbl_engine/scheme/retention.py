"""How long facts about households are kept, as data: ``scenarios/law/retention.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from cbl_engine.scheme.parts import Labelled, Name, Part, Source
from cbl_engine.scheme.standards import citation, read_shipped
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import TABLES
from cbl_engine.tables.letting_columns import RECORDED

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


ABOUT_APPLICATIONS = tuple(
    table for table, columns in {**TABLES, **RECORDED}.items()
    if table == "applications" or any(column.name == "application" for column in columns))
"""Tables that hold facts about applications: each is kept so long."""


def _about_applications(table: str) -> str:
    if table not in ABOUT_APPLICATIONS:
        raise ValueError(f"no such table tells of applications; those that do: {', '.join(ABOUT_APPLICATIONS)}")
    return table


class RetentionClass(Labelled):
    """How long one class of tables is kept."""

    months: int = Field(
        ge=0, le=1200, description="[months] after the last thing that is recorded of the application"
    )


class Retention(Part):
    """What is kept how long.

    Attributes:
        sources: statutes and a council's own schedule.
        classes: name -> how long.
        tables: every table that tells of applications -> its class.
    """

    sources: dict[str, Source] = Field(default_factory=dict)
    classes: dict[Name, RetentionClass]
    tables: dict[Annotated[str, AfterValidator(_about_applications)], Name]

    @model_validator(mode="after")
    def _classes_there(self) -> Self:
        lost = sorted({name for name in self.tables.values() if name not in self.classes})
        if lost:
            raise ValueError(f"tables are of classes that are not there: {', '.join(lost)}")
        if without := [table for table in ABOUT_APPLICATIONS if table not in self.tables]:
            raise ValueError(f"tables are of no class, and how long they are kept is not said: {', '.join(without)}")
        return self

    def citation(self, name: str) -> str:
        """The title of what a class rests on, with the clause."""
        return citation(self.classes[name].source, self.sources)


def retention_rules(path: Path | None = None) -> Retention:
    """The rules of a file; None: those shipped, whose periods are illustrative.

    Raises:
        SchemeError: the file cannot be read, or does not say what it should.
    """
    return read_shipped(path or shipped_folder("law") / "retention.yaml", Retention)
