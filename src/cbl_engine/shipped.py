"""Where the files that the package ships are: schemes, boroughs and cases under ``scenarios/``."""

from __future__ import annotations

from pathlib import Path


def shipped_folder(kind: str) -> Path:
    """Folder of shipped files: ``schemes``, ``standards``, ``law``, ``boroughs``, ``cases`` or
    ``templates``.

    An installed package carries them beside its modules; a checkout keeps them at its top.
    """
    package = Path(__file__).parent
    installed = package / "scenarios"
    root = installed if installed.is_dir() else package.parent.parent / "scenarios"
    return root / kind
