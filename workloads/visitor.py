"""How the gallery's scrape fetches a page: as its host allows, in bounded time and space, and as text."""

import codecs
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from multiprocessing.sharedctypes import SynchronizedArray
from urllib.robotparser import RobotFileParser
from zlib import crc32

import httpx

import pooltop

AGENT = f"pooltop-scrape/{pooltop.__version__}"
REDIRECTS = 5
TRIES = 4
FIRST_WAIT = 0.25
"""Seconds to leave a busy host alone that does not say for how long; twice as long each time."""
LONGEST_WAIT = 30
"""Seconds; a host that asks for more is given up."""
BUSY = {429, 503}
PAGES = {"text/html", "application/xhtml+xml"}
WIDER = {"ascii": "cp1252", "iso8859-1": "cp1252", "shift_jis": "cp932", "gb2312": "gb18030", "euc_kr": "cp949"}
"""What browsers read under these names of encodings (WHATWG Encoding Standard)."""
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""Byte order marks."""


@cache
def client() -> httpx.Client:
    """Connects, and stays connected, in each worker that asks."""
    return httpx.Client(
        max_redirects=REDIRECTS,
        headers={"User-Agent": AGENT, "Accept": ", ".join(PAGES)},
        mounts={"all://127.0.0.1": None},  # a proxy that the environment names knows nothing of the local site
    )


with suppress(Exception):  # a setting of the environment that cannot be is told page by page
    client()  # made once, with the import, since the certificates take a while


class Forbidden(Exception):
    """robots.txt says no."""


@dataclass(frozen=True)
class Visitor:
    """One who reads pages as their hosts like it."""

    timeout: float
    max_bytes: int
    pause: float
    """Seconds between two requests to a host that says nothing about it."""
    turns: "SynchronizedArray[float]"
    """When each host may be asked next, by the clock that all processes have in common (`time.monotonic`).

    Hosts whose names fall into the same cell wait for each other too.
    """

    def read(self, url: str) -> tuple[str, str]:
        """Where the page is, after redirects, and its text. Raises Forbidden, or ValueError with one line."""
        try:
            return self.follow(url)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ValueError(f"{url or repr(url)}: {reason(error)}") from None

    def follow(self, url: str) -> tuple[str, str]:
        """One hop after the other, each by the rules of its own host."""
        for _ in range(1 + REDIRECTS):
            response, body = self.ask_as_allowed(url)
            if response.next_request is None:
                return url, text_of(response, body)
            url = str(response.next_request.url)
        raise ValueError(f"more than {REDIRECTS} redirects")

    def ask_as_allowed(self, url: str) -> tuple[httpx.Response, bytes]:
        """Ask when it is our turn, and again of a host that is too busy."""
        location = httpx.URL(url)
        if location.scheme not in ("http", "https") or not location.host:
            raise ValueError("not an address of the web (http://… or https://…)")
        rules = rules_at(str(location.join("/robots.txt")), self.timeout, self.max_bytes)
        if not rules.can_fetch(AGENT, url):
            raise Forbidden
        for attempt in range(TRIES):
            self.await_turn(location.host, pause_wanted(rules, self.pause))
            response, body = download(url, self.timeout, self.max_bytes)
            if response.status_code not in BUSY:
                return response, body
            pooltop.counter("busy").add()
            self.leave_alone(location.host, wait_wanted(response, attempt))
        raise ValueError(f"{status(response)}, {TRIES} times")

    def await_turn(self, host: str, pause: float) -> None:
        """Take the host's next turn, and wait for it."""
        cell = crc32(host.encode()) % len(self.turns)
        with self.turns.get_lock():
            turn = max(self.turns[cell], time.monotonic())
            self.turns[cell] = turn + pause
        time.sleep(max(0.0, turn - time.monotonic()))

    def leave_alone(self, host: str, seconds: float) -> None:
        """Nobody takes a turn for so long."""
        cell = crc32(host.encode()) % len(self.turns)
        with self.turns.get_lock():
            self.turns[cell] = max(self.turns[cell], time.monotonic() + seconds)


def download(url: str, timeout: float, max_bytes: int, *, follow: bool = False) -> tuple[httpx.Response, bytes]:
    """The answer, and what a successful one contains: read as it comes, and given up when it is too much."""
    deadline = time.monotonic() + timeout
    body = bytearray()
    with client().stream("GET", url, timeout=timeout, follow_redirects=follow) as response:
        for part in response.iter_bytes() if response.is_success else ():
            body += part
            if len(body) > max_bytes:
                raise ValueError(f"more than {max_bytes:,} bytes (--max-bytes)")
            if time.monotonic() > deadline:
                raise ValueError(f"not read in {timeout:g} s (--timeout)")
    return response, bytes(body)


@cache
def rules_at(address: str, timeout: float, max_bytes: int) -> RobotFileParser:
    """What robots.txt allows: all where there is none, and nothing yet where the site cannot say (RFC 9309)."""
    response, body = download(address, timeout, max_bytes, follow=True)
    if response.is_server_error or response.status_code in BUSY:
        raise ValueError(f"its robots.txt cannot be read: {status(response)}")
    rules = RobotFileParser(address)
    rules.parse(body.decode(errors="replace").splitlines())
    return rules


def pause_wanted(rules: RobotFileParser, pause: float) -> float:
    """Seconds between two requests: as the host asks, else `pause`."""
    delay, rate = rules.crawl_delay(AGENT), rules.request_rate(AGENT)
    if delay is not None:
        pause = float(delay)
    elif rate is not None:
        pause = rate.seconds / max(1, rate.requests)
    if pause > LONGEST_WAIT:
        raise ValueError(f"its robots.txt allows a page in {pause:g} s only")
    return pause


def wait_wanted(response: httpx.Response, attempt: int) -> float:
    """Seconds that a busy host is to be left alone: as its Retry-After says, in seconds or as a date."""
    wanted = response.headers.get("Retry-After", "")
    if wanted.isdecimal():
        seconds = float(wanted)
    else:
        try:
            seconds = parsedate_to_datetime(wanted).timestamp() - time.time()
        except ValueError:
            seconds = FIRST_WAIT * 2**attempt
    if seconds > LONGEST_WAIT:
        raise ValueError(f"{status(response)}, come back in {seconds:.0f} s")
    return seconds


def text_of(response: httpx.Response, body: bytes) -> str:
    """The text of a page. Raises ValueError where there is no page."""
    kind = response.headers.get("Content-Type", "text/html").partition(";")[0].strip().lower()
    if not response.is_success:
        raise ValueError(status(response))
    if kind not in PAGES:
        raise ValueError(f"is {kind}, not a page")
    pooltop.counter("bytes").add(len(body))
    return decoded(body, response.charset_encoding)


def decoded(body: bytes, stated: str | None) -> str:
    """As browsers do: by the byte order mark, the header or the page's own words; else UTF-8, or Western European."""
    own = re.search(rb"""<meta[^>]{0,200}?charset\s*=[\s"']*([\w.:-]+)""", body[:2048], re.IGNORECASE)
    mark = MARKS.get(body[:2]) or MARKS.get(body[:3])
    for name in (mark, stated, own and own[1].decode("ascii", "replace")):
        try:
            if name:
                return body.decode(WIDER.get(codecs.lookup(name).name, name), "replace")
        except LookupError:
            continue  # no encoding of this world
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def status(response: httpx.Response) -> str:
    """`404 Not Found`."""
    return f"{response.status_code} {response.reason_phrase}".strip()


def reason(error: Exception) -> str:
    """What went wrong, in few words and without the system's number for it."""
    return re.sub(r"^\[[^]]*] ?", "", str(error)).partition("\n")[0] or type(error).__name__
