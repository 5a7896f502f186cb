"""A web site on this machine for the gallery's scrape: made of page numbers alone, so that all it holds is known."""

import random
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final, Literal, NamedTuple, TypeAlias

Place: TypeAlias = Literal["", "moved/", "busy/", "private/"]
Statement: TypeAlias = Literal["header", "meta", "nowhere"]

ROOT: Final = "/pooltop-gallery/"
PATH: Final = re.compile(rf"{ROOT}(moved/|busy/|private/|)(\d+)")
ROBOTS: Final = f"User-agent: *\nDisallow: {ROOT}private/\nRequest-rate: 100/1\n"
"""All may be read but what is private, a hundred pages a second."""

LANGUAGES: Final[list[tuple[str, str, Statement]]] = [
    ("The harbour at noon", "utf-8", "header"),
    ("Über den Flüssen", "iso-8859-1", "header"),
    ("Прогулка по городу", "windows-1251", "meta"),
    ("東京の朝の散歩", "shift_jis", "meta"),
    ("Το λιμάνι το μεσημέρι", "utf-8", "nowhere"),
    ("Le café – déjà fermé", "windows-1252", "nowhere"),
]
"""What pages are about, the encoding of the page, and where it is stated."""


class SitePage(NamedTuple):
    """One page of the site."""

    title: str
    encoding: str
    stated: Statement
    seconds: float
    """How long the site takes to answer."""
    links: list[int]
    sentences: int
    """How often the title is repeated in the text."""

    @property
    def words(self) -> int:
        """Those of the text, and the number that each link is called."""
        return self.sentences * len(self.title.split()) + len(self.links)


def page(number: int) -> SitePage:
    """The page of this number."""
    chance = random.Random(number)
    subject, encoding, stated = chance.choice(LANGUAGES)
    return SitePage(
        title=f"{subject}, {number}",
        encoding=encoding,
        stated=stated,
        seconds=chance.uniform(0.05, 0.15),
        links=[chance.randrange(1000) for _ in range(chance.randrange(3, 16))],
        sentences=chance.randrange(10, 500),
    )


def place(number: int) -> Place:
    """Where it is: some have moved, a few are too busy for the first who asks, some are not to be read."""
    return "moved/" if number % 20 == 7 else "private/" if number % 20 == 19 else "busy/" if number % 100 == 13 else ""


def address(number: int) -> str:
    """The path of a page."""
    return f"{ROOT}{place(number)}{number}"


def number_of(url: str) -> int | None:
    """The number of the page that a URL leads to; None for any that is not the site's."""
    host, _, path = url.removeprefix("http://").partition("/")
    found = PATH.fullmatch(f"/{path}")
    return int(found[2]) if found and host.startswith("127.0.0.1:") else None


def html(number: int) -> bytes:
    """A page as the site sends it."""
    title, encoding, stated, _, links, sentences = page(number)
    meta = f'<meta charset="{encoding}">' if stated == "meta" else ""
    text = f"<p>{title}</p>\n" * sentences
    anchors = "".join(f'<li><a href="{address(link)}">{link}</a>' for link in links)
    document = f"<!doctype html><html><head>{meta}<title>{title}</title></head><body>{text}<ul>{anchors}</ul>"
    return document.encode(encoding)


class Visit(BaseHTTPRequestHandler):
    """Answers one visitor's requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    turned_away: Final[set[int]] = set()

    def do_GET(self) -> None:
        """A page, after a while."""
        found = PATH.fullmatch(self.path)
        if self.path == "/robots.txt":
            self.answer(200, ROBOTS.encode(), "text/plain")
        elif found is None:
            self.answer(404)
        else:
            self.answer_from(found[1], int(found[2]))

    def answer_from(self, place: str, number: int) -> None:
        """What is to be had at that place, after a while."""
        _, encoding, stated, seconds, _, _ = page(number)
        time.sleep(seconds)
        if place == "private/":
            self.answer(403)
        elif place == "moved/":
            self.answer(301, location=f"{ROOT}{number}")
        elif place == "busy/" and number not in self.turned_away:
            self.turned_away.add(number)
            self.answer(503)
        else:
            self.answer(200, html(number), f"text/html; charset={encoding}" if stated == "header" else "text/html")

    def answer(self, status: int, body: bytes = b"", kind: str = "text/html", location: str = "") -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The run's log is for the workload."""


class Site(ThreadingHTTPServer):
    """Serves the pages as long as its process lives."""

    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A worker that was killed hangs up: that is no error of the site's."""


def open_site(pages: int) -> list[str]:
    """Serve the site from a thread of this process; the URLs of its pages."""
    server = Site(("127.0.0.1", 0), Visit)
    Thread(target=server.serve_forever, daemon=True).start()
    return [f"http://127.0.0.1:{server.server_port}{address(number)}" for number in range(pages)]
