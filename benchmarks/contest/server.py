"""A PostgreSQL server of our own: in a temporary folder, on a Unix socket, gone at the end.

Needs ``initdb`` and ``postgres`` (Debian: ``apt-get install postgresql``). PostgreSQL refuses to run
as root, so root starts it as the user ``postgres``.

    python -m benchmarks.contest.server

says in one line whether there can be one here, after trying.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

DEBIAN = Path("/usr/lib/postgresql")
OWNER = "postgres"
START_SECONDS = 30
WATCH_SECONDS = 0.01


@functools.cache
def why_not() -> str | None:
    """Why no server can be started here, in one line; None when one was."""
    try:
        Server({}).end()
    except (RuntimeError, ImportError, OSError, subprocess.SubprocessError) as error:
        return str(error).strip().splitlines()[0]
    return None


def _check() -> None:
    for program in ("initdb", "postgres"):
        if _program(program) is None:
            raise RuntimeError(f"{program} is not installed")
    if os.geteuid() == 0 and _owner() is None:
        raise RuntimeError(f"PostgreSQL does not run as root, and there is no user {OWNER}")


def version() -> str:
    """Of the server, as it gives it; empty when there is none."""
    program = _program("postgres")
    if program is None:
        return ""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[2]


def _program(name: str) -> str | None:
    newest = sorted(DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, newest)]))


def _owner() -> str | None:
    """The user to start it as; None is whoever we are."""
    if os.geteuid() != 0:
        return None
    return OWNER if any(user.pw_name == OWNER for user in pwd.getpwall()) else None


class Server:
    """Starts with the object; ``end`` stops it and removes its folder.

    Args:
        settings: of the server, by name.

    Raises:
        RuntimeError: it does not start.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        _check()
        self.user = _owner()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="contest-postgresql-"))
        try:
            self._start(settings)
        except BaseException:
            self.end()
            raise

    def _start(self, settings: Mapping[str, str]) -> None:
        if self.user:
            shutil.chown(self.folder, self.user)
        tables = self.folder / "tables"
        made = subprocess.run(
            [str(_program("initdb")), "-D", tables, "-U", OWNER, "-A", "trust", "-E", "UTF8",
             "--locale", "C", "--no-sync"],
            capture_output=True, text=True, check=False, user=self.user, cwd=self.folder,
        )
        if made.returncode:
            raise RuntimeError(f"initdb refuses: {made.stderr.strip()}")
        own = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        options = [f"--{name}={value}" for name, value in (own | dict(settings)).items()]
        self.process = subprocess.Popen(
            [str(_program("postgres")), "-D", tables, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self.user, cwd=self.folder,
        )
        self._wait(self.process)

    @property
    def address(self) -> str:
        """What a client connects to."""
        return f"host={self.folder} user={OWNER} dbname=postgres"

    def end(self) -> None:
        """Stop the server at once, whoever is connected, and remove what it wrote."""
        try:
            if self.process is not None:
                self.process.send_signal(signal.SIGINT)
                self.process.wait(START_SECONDS)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def memory(self) -> float:
        """What the server's processes hold together, shared pages counted once [MiB]."""
        kib = 0
        running = [] if self.process is None else [self.process.pid]
        for pid in [*running, *(child for parent in running for child in _children(parent))]:
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
            except OSError:  # it has ended
                continue
            kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kib / 1024

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        import psycopg

        until = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.address).close()
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("the PostgreSQL server does not start") from None
                time.sleep(0.05)
            else:
                return


class Watch:
    """The most memory that a server held while the block ran: ``with Watch(server) as watch``."""

    def __init__(self, server: Server) -> None:
        self.peak = 0.0
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        over = False
        while not over:
            over = self._over.wait(WATCH_SECONDS)
            self.peak = max(self.peak, self._server.memory())


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(child) for child in text.split()]


if __name__ == "__main__":
    refused = why_not()
    sys.stdout.write(
        f"not run: PostgreSQL's part of the contest ({refused})\n" if refused
        else "run: PostgreSQL's part of the contest\n"
    )
