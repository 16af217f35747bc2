"""Output, error stream and signals of commands run as processes: exit codes that say what happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cbl_engine.cli import main
from tests.commands import exit_code

if TYPE_CHECKING:
    from pathlib import Path

CBL = (sys.executable, "-m", "cbl_engine.cli")
FULL = "/dev/full"
posix = pytest.mark.skipif(os.name == "nt", reason="descriptors and signals of POSIX")
full_disk = pytest.mark.skipif(not os.path.exists(FULL), reason="no device that is always full")  # noqa: PTH110


def run(*arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.run([*CBL, *arguments], check=False, **streams)


def run_unread(*arguments: str, stream: str = "stdout") -> subprocess.CompletedProcess[bytes]:
    """A command of whose stream nobody reads a word."""
    unread, written = os.pipe()
    os.close(unread)
    try:
        return run(*arguments, **{stream: written})
    finally:
        os.close(written)


@posix
@pytest.mark.parametrize("arguments", [
    ("--help",), ("shortlist", "--help"), ("simulate", "--parameters"), ("schema",),
    ("shortlist", "sheffield", "--data", "riverton"),
    ("shortlist", "sheffield", "--data", "riverton", "--format", "parquet"),
])
def test_a_pipe_that_nobody_reads_is_no_failed_case(arguments: tuple[str, ...]) -> None:
    done = run_unread(*arguments)
    assert (done.returncode, done.stderr) == (0, b"")


@posix
def test_a_pipe_that_nobody_reads_hides_no_exit_code() -> None:
    assert run_unread("diff", "sheffield", "runnymede").returncode == 1
    assert run_unread("describe", "nowhere", stream="stderr").returncode == 2


@full_disk
@pytest.mark.parametrize("arguments", [
    ("describe", "sheffield"), ("--help",),
    ("shortlist", "sheffield", "--data", "riverton", "--format", "parquet"),
])
def test_output_that_cannot_be_written_is_bad_input_and_one_line(arguments: tuple[str, ...]) -> None:
    with open(FULL, "wb") as full:  # noqa: PTH123
        done = run(*arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "cbl: 1 problem",
        "  the output cannot be written: No space left on device. Files and folders that the command "
        "names may be written all the same",
    ]


@full_disk
def test_bad_input_stays_bad_input_where_it_cannot_be_told() -> None:
    with open(FULL, "wb") as full:  # noqa: PTH123
        assert run("describe", "nowhere", stderr=full).returncode == 2
        assert run("nosuch", stderr=full).returncode == 2


@posix
@pytest.mark.parametrize(("closed", "scheme", "code"), [(1, "sheffield", 0), (2, "nowhere", 2)])
def test_a_closed_stream_takes_what_is_said(closed: int, scheme: str, code: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *CBL, "describe", scheme],
        capture_output=True, check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_what_is_piped_is_utf_8_as_files_are(tmp_path: Path) -> None:
    page = tmp_path / "scheme.txt"
    assert run("describe", "sheffield", "--out", str(page)).returncode == 0
    elsewhere = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") or k == "PYTHONPATH"}
    elsewhere |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run("describe", "sheffield", env=elsewhere)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not done.stdout.isascii()
    assert done.stdout.decode().splitlines() == page.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_letter_that_the_encoding_asked_for_does_not_have_is_escaped(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "l\u0175 run"
    done = run("shortlist", "sheffield", "--data", "riverton", "--out", str(folder),
               env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert "l\\u0175 run" in done.stdout.decode(encoding)


def test_the_line_that_says_how_to_ask_why_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ("a folder with a long name " * 8).strip()
    assert exit_code("shortlist", "sheffield", "--data", "riverton", "--out", folder) == 0
    *_, place, why = capsys.readouterr().out.splitlines()
    assert place == f"Run folder: {folder}"
    assert why == f"Why? cbl explain --run '{folder}' --advert ADVERT --application APPLICATION"


@posix
def test_who_stops_a_command_is_told_so_in_one_line(tmp_path: Path) -> None:
    """Stopped while it waits for its scheme, which is a pipe whose writer is stopped with it."""
    waiting = tmp_path / "scheme.yaml"
    os.mkfifo(waiting)
    with subprocess.Popen([*CBL, "describe", str(waiting)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as command:
        writer = None
        while writer is None and command.poll() is None:
            try:  # opens only once the command reads
                writer = os.open(waiting, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                time.sleep(0.01)
        command.send_signal(signal.SIGINT)
        assert writer is not None
        os.close(writer)  # once polars is imported, a read goes on after a signal
        try:
            out, err = command.communicate(timeout=60)
        finally:
            command.kill()
    assert (out, err.decode()) == (b"", "cbl: stopped; nothing is left half written\n")
    assert command.returncode in (130, -signal.SIGINT)


def test_a_command_may_be_stopped_while_it_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopped:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "cbl_engine.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "cbl_engine.cli.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Stopped(), *sys.meta_path])
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 130
    assert capsys.readouterr().err == "cbl: stopped; nothing is left half written\n"


def test_a_pipe_broken_inside_the_engine_is_a_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one between processes that simulate is: it ended with exit code 0."""
    def broken(*_: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(json, "dumps", broken)
    assert exit_code("diff", "sheffield", "runnymede", "--format", "json") == 3
    assert "a defect of the engine: BrokenPipeError" in capsys.readouterr().err
