"""Whether a built site needs nothing but its own files: ``python -m tests.offline_site FOLDER``.

Links that a reader may follow go where they like; whatever a page loads by itself must be a file of
the site.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
FOLLOWED = {"canonical", "next", "prev", "alternate"}
IN_STYLES = re.compile(r"url\(\s*['\"]?(?!data:|#)([^'\")]+)|@import\s+['\"]([^'\"]+)")


class Loads(HTMLParser):
    """Addresses of what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(LOADED.get(tag, ""))
        if address and not (tag == "link" and given.get("rel") in FOLLOWED):
            self.found.append(address)


def loads(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".css":
        return ["".join(pair) for pair in IN_STYLES.findall(text)]
    page = Loads()
    page.feed(text)
    return page.found


def missing(folder: Path) -> list[str]:
    """What is loaded from elsewhere or is not there, with the file that loads it."""
    pages = [page for page in folder.rglob("*.html") if page.name != "404.html"]  # a server's
    files = [*pages, *folder.rglob("*.css")]
    return [
        f"{file.relative_to(folder)}: {address}"
        for file in sorted(files)
        for address in loads(file)
        if not address.startswith("data:") and not is_there(file, address)
    ]


def is_there(file: Path, address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return False
    return (file.parent / unquote(parts.path)).is_file()


def main(folder: Path) -> int:
    pages = len(list(folder.rglob("*.html")))
    found = missing(folder)
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{pages} pages, {len(found)} things loaded from elsewhere or missing\n")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
