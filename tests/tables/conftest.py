"""A folder of tables that is right, to be spoilt one file at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RIGHT = {
    "applications.csv": "id,status,registered_on\nA1,active,2024-01-31\nA2,active,2024-02-01\n",
    "adverts.csv": (
        "id,opens_at,closes_at,status\n"
        "V1,2024-05-01T00:00:00+01:00,2024-05-08T12:00:00+01:00,closed\n"
    ),
    "bids.csv": "advert,application,placed_at\nV1,A1,2024-05-02T09:30:00+01:00\n",
}


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[..., Path]:
    """Write the right folder with some files replaced: text, bytes, or None for no such file."""

    def write(files: dict[str, str | bytes | None] | None = None, **tables: str) -> Path:
        named = {f"{table}.csv": text for table, text in tables.items()}
        for name, content in (RIGHT | (files or {}) | named).items():
            if isinstance(content, str):
                (tmp_path / name).write_bytes(content.encode())
            elif content is not None:
                (tmp_path / name).write_bytes(content)
        return tmp_path

    return write
