"""A complaint's bundle."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path


def case_bundle(
    state: Path,
    application: str,
    /,
    *,
    out: Path,
    correct: Path | None = None,
) -> int:
    """Write a complaint's bundle: chronology, facts known at each date, lists, replay, who was displaced.

    For officers and an ombudsman: other households are named by their ids. Exit code 1 when the
    record is not sound, or does not come out again; the bundle is written all the same and says so.

    Parameters
    ----------
    state
        State folder written by cbl cycle.
    application
        Whose.
    out
        Folder to write to; there must be nothing.
    correct
        File of corrections (cbl replay --template begins one): what should have been on record.
    """
    from cbl_engine.cli import show
    from cbl_engine.export.workbook import write_frames
    from cbl_engine.packs.case_bundle import case_bundle as found_of
    from cbl_engine.packs.parts import sheets
    from cbl_engine.records.places import folder_beside

    with show.steps() as on_step:
        on_step("Auditing, and running it again")
        found = found_of(state, application, correct)
    manifest = found.state.manifest
    about = [("application", found.application), ("state", manifest["state_id"]),
             ("as at", manifest["as_at"]), ("scheme", manifest["scheme"])]
    with folder_beside(out, kind="case bundle") as partial:
        for name, page in found.pages().items():
            (partial / name).write_text(page, encoding="utf-8")
        tables = [part for part in found.parts if part.frame is not None]
        for part in tables:
            if part.frame is not None:
                part.frame.write_csv(partial / f"{part.name}.csv")
        write_frames(sheets(tables, about), partial / "case.xlsx", found.state.as_at)
        if correct is not None:
            (partial / "corrections.yaml").write_bytes(correct.read_bytes())
        files = {p.name: sha256(p.read_bytes()).hexdigest() for p in sorted(partial.iterdir())}
        (partial / "manifest.json").write_text(json.dumps(
            {"kind": "case bundle", "application": found.application, "state_id": manifest["state_id"],
             "as_at": manifest["as_at"], "engine_version": manifest["engine_version"],
             "sound": found.audit.sound, "reproduced": found.replay.reproduced, "files": files},
            indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"Wrote {out}\n")
    return 0 if found.audit.sound and found.replay.reproduced else 1
