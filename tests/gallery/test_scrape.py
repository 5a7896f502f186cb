"""The gallery's scrape reads what there is to read, as its hosts allow, and says in one line why it could not."""

import gzip
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Array
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import httpx
import pytest

import pooltop
from pooltop.model import StartMethod
from pooltop.work.imported import Workload, WorkloadError, load, locate
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict

FILES = ("scrape", "visitor", "local_site")


@pytest.fixture
def scrape(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workload]:
    """The workload as the engine loads it."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    yield load(locate("scrape", Path.cwd()))
    for module in FILES:
        del sys.modules[module]


@pytest.fixture
def visitor(scrape: Workload, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that fetches, with little patience."""
    module = sys.modules[scrape.function.__globals__["Visitor"].__module__]
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    return module


@pytest.fixture
def local_site(scrape: Workload) -> ModuleType:
    return sys.modules[scrape.function.__globals__["open_site"].__module__]


class Host(ThreadingHTTPServer):
    """Answers as it is told, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str | None] = set()

    def says(self, path: str, body: bytes | str = b"", status: int = 200, **headers: str) -> str:
        """Let it answer so; told several times, one after the other, the last one for ever. The URL."""
        content = body.encode() if isinstance(body, str) else body
        fields = {name.replace("_", "-"): value for name, value in {"Content_Type": "text/html", **headers}.items()}
        self.answers.setdefault(path, []).append((status, fields, content))
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """Visitors may hang up."""


class Answering(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        self.server.agents.add(self.headers["User-Agent"])
        answers = self.server.answers.get(self.path, [(404, {}, b"")])
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as host:
        thread = Thread(target=host.serve_forever, args=(0.01,))
        thread.start()
        yield host
        host.shutdown()
        thread.join()


def read(scrape: Workload, url: str, turns: Any = None, **options: Any) -> dict[str, Any]:
    """What the workload makes of a URL, without a pause unless the host wants one."""
    options = {"pause": 0.0, **options}
    found: dict[str, Any] = scrape.function(url, **options, turns=Array("d", 8) if turns is None else turns)
    return found


def check(scrape: Workload, results: list[Any], **counts: int) -> tuple[object, object]:
    """What the check says; `items` and `failed` as told, and `pages` of the local site."""
    counts = {"items": len(results), "failed": 0, "pages": len(results), **counts}
    assert scrape.check is not None
    return scrape.check(
        pooltop.Outcome(
            results=results, options={"pages": counts["pages"]}, items=counts["items"], failed=counts["failed"]
        )
    )


# Runs


@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.chaos)])
async def test_it_reads_its_own_site(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "scrape", "--pages", "40", workers=4, start_method=start_method)
    expected, actual, ok = verdict(final)
    assert ok and expected == actual
    assert (final.counters["pages"], final.counters["forbidden"], final.counters["busy"]) == (38, 2, 1)
    assert isinstance(actual, dict) and actual["pages"] == 38 and final.counters["links"] == actual["links"]


async def test_kills_lose_no_page(lab: Lab) -> None:
    final = await play(lab, "scrape", "--pages", "80", workers=4, kills=8)
    expected, actual, ok = verdict(final)
    assert ok and expected == actual
    assert (final.counters["pages"], final.counters["forbidden"]) == (76, 4)


async def test_of_urls_of_ones_own_each_fails_alone(lab: Lab, host: Host) -> None:
    urls = [host.says("/a", "<title>A</title>"), host.says("/gone", status=410), host.says("/b", "<title>B</title>")]
    lab.write("urls.txt", "".join(f"{url}\n" for url in urls))
    run = await lab.start("scrape", "lines:urls.txt", "--pause", "0", gallery=True)
    final = await run.end()
    assert {index: page["title"] for index, page in run.values().items()} == {0: "A", 2: "B"}
    assert [failure.error for failure in run.failures()] == [f"ValueError: {urls[1]}: 410 Gone"]
    assert verdict(final) == (3, 2, False)


# The check


def test_the_check_knows_the_local_site(scrape: Workload, local_site: ModuleType) -> None:
    results = [read(scrape, url) for url in local_site.open_site(20)]
    expected, actual = check(scrape, results)
    assert expected == actual and isinstance(expected, dict) and expected["pages"] == 19
    others: list[dict[str, Any]] = [{"title": "?"}, {"links": []}, {"words": 1}, {"url": results[0]["url"]}]
    for wrong in others:
        expected, actual = check(scrape, [*results[:1], results[1] | wrong, *results[2:]])
        assert expected != actual
    expected, actual = check(scrape, results[:-2], items=20, failed=2, pages=20)
    assert expected != actual


def test_the_local_site_is_hard_to_read(local_site: ModuleType) -> None:
    urls = local_site.open_site(20)

    def statuses(number: int) -> list[int]:
        return [httpx.get(urls[number]).status_code for _ in range(2)]

    assert [statuses(number) for number in (7, 13, 19)] == [[301, 301], [503, 200], [403, 403]]
    assert {local_site.page(number).stated for number in range(20)} == {"header", "meta", "nowhere"}


def test_the_check_counts_pages_of_ones_own(scrape: Workload) -> None:
    page = {"url": "http://127.0.0.1:8000/", "forbidden": False, "title": "", "words": 0, "links": []}
    assert check(scrape, [page] * 3) == (3, 3)
    assert check(scrape, [page] * 2, items=3, failed=1) == (3, 2)
    assert check(scrape, [], items=3, failed=3) == (3, 0)


# What is taken from a page


def test_a_page_gives_title_links_and_words(scrape: Workload, host: Host) -> None:
    document = """<html><head><title> A
        page </title><style>p { color: red }</style><base href="/folder/"></head><body><p>Three words here
        <script>var none = "of these"</script><a href="b.html#c"> four</a> <a href="//else.where/x">five</a>
        <a href="mailto:me@x">six</a> <a name="y">seven</a> <a href="http://[">eight</a> <a href>nine"""
    url = host.says("/", document)
    assert read(scrape, f" {url} ") == {
        "url": url,
        "forbidden": False,
        "title": "A page",
        "words": 9,
        "links": [url + "folder/b.html#c", "http://else.where/x", url + "folder/"],
    }
    assert all(agent and agent.startswith("pooltop-scrape/") for agent in host.agents)


@pytest.mark.parametrize("body", [b"", b"\0", b"no markup", b"<", b"<title>", bytes(range(256))])
def test_any_bytes_are_a_page(scrape: Workload, host: Host, body: bytes) -> None:
    assert read(scrape, host.says("/", body))["links"] == []


@pytest.mark.parametrize(
    ("encoding", "header", "meta"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8", "", ""),
        ("utf-8-sig", "iso-8859-1", ""),
        ("utf-16", "", ""),
        ("cp1251", "windows-1251", "utf-8"),
        ("cp1251", "", '<meta charset="windows-1251">'),
        ("koi8-r", "", "<META http-equiv=Content-Type content='text/html; charset=koi8-r'>"),
        ("cp1251", "no-such-encoding", "<meta charset=windows-1251>"),
        ("cp1251", "hex", "<meta charset=windows-1251>"),
    ],
)
def test_encodings(scrape: Workload, host: Host, encoding: str, header: str, meta: str) -> None:
    document = f"{meta}<title>Прогулка</title>".encode(encoding)
    url = host.says("/", document, Content_Type=f"text/html; charset={header}" if header else "text/html")
    assert read(scrape, url)["title"] == "Прогулка"


@pytest.mark.parametrize("header", ["", "iso-8859-1", "us-ascii"])
def test_western_pages_are_read_as_browsers_do(scrape: Workload, host: Host, header: str) -> None:
    url = host.says("/", "<title>„déjà“</title>".encode("cp1252"), Content_Type=f"text/html; charset={header}")
    assert read(scrape, url)["title"] == "„déjà“"


# Manners


def test_what_robots_forbid_is_not_asked_for(scrape: Workload, host: Host) -> None:
    host.says("/robots.txt", "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /private\n")
    private, public = host.says("/private/a"), host.says("/public", "<title>Hello</title>")
    assert read(scrape, private) == {"url": private, "forbidden": True, "title": "", "words": 0, "links": []}
    assert read(scrape, public)["title"] == "Hello"
    assert host.asked == {"/robots.txt": 1, "/public": 1}


def test_a_redirect_does_not_lead_round_robots(scrape: Workload, host: Host) -> None:
    host.says("/robots.txt", "User-agent: *\nDisallow: /private\n")
    host.says("/private/a")
    assert read(scrape, host.says("/", status=302, Location="/private/a"))["forbidden"]
    assert not host.asked["/private/a"]


def test_a_site_that_cannot_say_is_left_alone(scrape: Workload, host: Host) -> None:
    host.says("/robots.txt", status=500)
    host.says("/robots.txt", status=403)  # that is as good as none (RFC 9309)
    url = host.says("/", "<title>Hello</title>")
    with pytest.raises(ValueError, match=f"^{url}: its robots.txt cannot be read: 500 Internal Server Error$"):
        read(scrape, url)
    assert not host.asked["/"]
    assert read(scrape, url)["title"] == "Hello"


def test_all_together_keep_the_pause(scrape: Workload, host: Host) -> None:
    turns, url, pause = Array("d", 8), host.says("/"), 0.05
    read(scrape, url)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read(scrape, url, turns, pause=pause), range(9)))
    assert time.monotonic() - began >= 8 * pause


@pytest.mark.parametrize(
    ("wish", "pause"),
    [
        ("", 1.5),
        ("Crawl-delay: 3", 3),
        ("Crawl-delay: 0", 0),
        ("Request-rate: 100/1", 0.01),
        ("Request-rate: 1/5", 5),
        ("Request-rate: 0/5", 5),
        ("Crawl-delay: soon", 1.5),
    ],
)
def test_a_host_may_want_another_pause(visitor: ModuleType, wish: str, pause: float) -> None:
    rules = visitor.RobotFileParser()
    rules.parse(["User-agent: *", wish, "Disallow:"])
    assert visitor.pause_wanted(rules, 1.5) == pause


def test_a_host_that_wants_too_long_a_pause_is_given_up(scrape: Workload, host: Host) -> None:
    host.says("/robots.txt", "User-agent: *\nCrawl-delay: 3600\n")
    with pytest.raises(ValueError, match=r"/: its robots\.txt allows a page in 3600 s only$"):
        read(scrape, host.says("/"))


@pytest.mark.usefixtures("visitor")
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_host_is_asked_again(scrape: Workload, host: Host, status: int) -> None:
    host.says("/", status=status, Retry_After="0")
    host.says("/", status=status)
    assert read(scrape, host.says("/", "<title>Hello</title>"))["title"] == "Hello"
    assert host.asked["/"] == 3


@pytest.mark.usefixtures("visitor")
def test_a_host_that_stays_busy_is_given_up(scrape: Workload, host: Host) -> None:
    with pytest.raises(ValueError, match=r"/: 503 Service Unavailable, 4 times$"):
        read(scrape, host.says("/", status=503))
    assert host.asked["/"] == 4


def test_a_host_that_is_too_busy_is_given_up_at_once(scrape: Workload, host: Host) -> None:
    with pytest.raises(ValueError, match=r"/: 429 Too Many Requests, come back in 86400 s$"):
        read(scrape, host.says("/", status=429, Retry_After="86400"))
    assert host.asked["/"] == 1


def test_how_long_a_busy_host_is_left_alone(visitor: ModuleType) -> None:
    def wanted(retry_after: str, attempt: int = 0) -> float:
        seconds: float = visitor.wait_wanted(httpx.Response(503, headers={"Retry-After": retry_after}), attempt)
        return seconds

    assert wanted("7") == 7
    assert 10 < wanted(formatdate(time.time() + 20, usegmt=True)) <= 20
    assert wanted(formatdate(time.time() - 20, usegmt=True)) < 0
    assert [wanted("soon", attempt) for attempt in range(3)] == [0.01, 0.02, 0.04]


def test_all_leave_a_busy_host_alone(visitor: ModuleType) -> None:
    turns = Array("d", 8)
    one, other = (visitor.Visitor(10.0, 1000, 0.0, turns) for _ in range(2))
    began = time.monotonic()
    one.leave_alone("busy.host", 0.1)
    one.leave_alone("busy.host", -5)
    other.await_turn("busy.host", 0.0)
    assert time.monotonic() - began >= 0.1


# Bounds


def test_redirects_are_followed_and_links_are_relative_to_the_end(scrape: Workload, host: Host) -> None:
    url = host.says("/start", status=301, Location="/folder/next")
    host.says("/folder/next", status=307, Location="end")
    end = host.says("/folder/end", "<title>End</title><a href=x>")
    found = read(scrape, url)
    assert (found["url"], found["title"], found["links"]) == (url, "End", [end.replace("end", "x")])


def test_endless_redirects_end(scrape: Workload, host: Host) -> None:
    with pytest.raises(ValueError, match=r"/: more than 5 redirects$"):
        read(scrape, host.says("/", status=302, Location="/"))
    assert host.asked["/"] == 6


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_too_large_is_not_read_to_its_end(scrape: Workload, host: Host, packed: bool) -> None:
    body = b"x" * 50_000_000
    url = host.says("/", gzip.compress(body), Content_Encoding="gzip") if packed else host.says("/", body)
    with pytest.raises(ValueError, match=r"/: more than 100,000 bytes \(--max-bytes\)$"):
        read(scrape, url, max_bytes=100_000)
    assert read(scrape, host.says("/b", b"x" * 1000), max_bytes=1000)["words"] == 1


def test_a_page_that_drips_has_a_deadline(scrape: Workload, monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    def drip(answering: Answering) -> None:
        answering.send_response(200)
        answering.end_headers()
        while True:  # until the visitor hangs up
            answering.wfile.write(b"x")
            time.sleep(0.01)

    read(scrape, host.says("/"))
    monkeypatch.setattr(Answering, "do_GET", drip)
    with pytest.raises(ValueError, match=r"/: not read in 0\.2 s \(--timeout\)$"):
        read(scrape, host.says("/"), timeout=0.2)


def test_a_host_that_does_not_answer_has_a_deadline(scrape: Workload) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ValueError, match=f"^{url}: timed out$"):
            read(scrape, url, timeout=0.1)


# Bad input


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("", r"^'': not an address of the web \(http://… or https://…\)$"),
        ("example.com", r"^example\.com: not an address of the web"),
        ("ftp://example.com/", r"^ftp://example\.com/: not an address of the web"),
        ("http:///path", r"^http:///path: not an address of the web"),
        ("http://example.com:port/", r"^http://example\.com:port/: Invalid port: 'port'$"),
        ("http://ü..de/", r"^http://ü\.\.de/: Invalid IDNA hostname"),
        (f"http://{'a' * 70}.de/", r"^http://a+\.de/: "),
        ("http://a\udcff/", r"^http://a\udcff/: "),
        ("http://127.0.0.1:1/", r"^http://127\.0\.0\.1:1/: Connection refused$"),
    ],
)
def test_a_url_that_is_none_fails_by_its_name(scrape: Workload, url: str, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        read(scrape, url)


def test_a_url_that_does_not_resolve_fails_by_its_name(scrape: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(ValueError, match=r"^http://no\.such\.host/: Name or service not known$"):
        read(scrape, "http://no.such.host/")


def test_what_is_no_page_fails_by_its_name(scrape: Workload, host: Host) -> None:
    with pytest.raises(ValueError, match=r"/absent: 404 Not Found$"):
        read(scrape, host.says("/") + "absent")
    with pytest.raises(ValueError, match=r"/a\.pdf: is application/pdf, not a page$"):
        read(scrape, host.says("/a.pdf", b"%PDF", Content_Type="application/pdf"))
    with pytest.raises(ValueError, match=r"/nowhere: 302 Found$"):
        read(scrape, host.says("/nowhere", status=302))
    with pytest.raises(ValueError, match=r"/elsewhere: not an address of the web"):
        read(scrape, host.says("/elsewhere", status=302, Location="ftp://example.com/"))


@pytest.mark.parametrize("words", [("--pages", "0"), ("--timeout", "0"), ("--max-bytes", "-1"), ("--pause", "nan")])
def test_numbers_out_of_range_are_refused(scrape: Workload, tmp_path: Path, words: tuple[str, str]) -> None:
    with pytest.raises(WorkloadError, match=f"^{words[0]}: '{words[1]}' is not an? "):
        scrape.bind(words, run_folder=tmp_path, directory=tmp_path)
