"""The ``cbl`` command: thin faces that parse, call and print."""

from __future__ import annotations

from cbl_engine.cli.app import app, main

__all__ = ["app", "main"]
