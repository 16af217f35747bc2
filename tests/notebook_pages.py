"""Notebooks as pages in a browser: ``python -m tests.notebook_pages [FOLDER]``.

Each is served by ``marimo run`` on this computer alone and opened in Chromium without a window
(Debian: ``chromium``); without one it says "not run" and exits 0. What a person does is done: the
button of ``what_if.py`` is pressed, with its first values made small and a lever moved. A screenshot
of each page goes to the folder, to be looked at. Whatever a page would load from elsewhere is refused
and named.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page, Route

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SOON, LATER = 60, 300


def what_if(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Simulating").wait_for()
    page.get_by_text("Not told from luck").first.wait_for(timeout=1000 * LATER)
    page.get_by_role("cell", name="Lettings [homes a year]").first.wait_for()
    page.locator("canvas, svg.marks").first.wait_for()
    page.get_by_text("The report", exact=True).wait_for()


def first_shortlist(page: Page) -> None:
    page.get_by_text("What put it below the one above: priority date.").wait_for()


def ombudsman_case(page: Page) -> None:
    page.get_by_text("ADV000003: 26th of 33, held (not known: priority date) then; 4th of 33 now").wait_for()


PAGES: dict[str, tuple[Callable[[Page], None], tuple[str, ...]]] = {
    "what_if": (what_if, ("--households", "300", "--homes", "750", "--weeks", "52",
                          "--replications", "12", "--bids", "1")),
    "first_shortlist": (first_shortlist, ()),
    "ombudsman_case": (ombudsman_case, ()),
}


@contextlib.contextmanager
def served(notebook: Path, given: tuple[str, ...]) -> Iterator[str]:
    """The address of a notebook as a page, for as long as it is needed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "marimo", "run", str(notebook), "--headless", "--no-token",
             "--host", "127.0.0.1", "--port", str(port), "--", *given],
            stdout=log, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + SOON
            while True:
                with contextlib.suppress(URLError, ConnectionError):
                    urlopen(address, timeout=SOON).close()
                    break
                if server.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise RuntimeError(log.read().decode())
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait()


def main(folder: Path) -> int:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.stdout.write("not run: notebooks in a browser (Debian: apt-get install chromium)\n")
        return 0
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    elsewhere: set[str] = set()

    def only_here(route: Route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            elsewhere.add(route.request.url)
            route.abort()

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (visit, given) in PAGES.items():
            with served(NOTEBOOKS / f"{name}.py", given) as address:
                page = browser.new_page(viewport={"width": 1100, "height": 900})
                page.set_default_timeout(1000 * SOON)
                page.route("**/*", only_here)
                page.goto(address)
                try:
                    visit(page)
                finally:
                    page.wait_for_timeout(500)
                    height = page.evaluate(
                        "Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollHeight))")
                    page.set_viewport_size({"width": 1100, "height": min(height + 200, 6000)})
                    page.wait_for_timeout(1000)
                    page.screenshot(path=folder / f"{name}.png")
                    page.close()
                sys.stdout.write(f"{name}: {folder / name}.png\n")
        browser.close()
    sys.stdout.write("".join(f"refused: {url}\n" for url in sorted(elsewhere)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/notebooks")))
