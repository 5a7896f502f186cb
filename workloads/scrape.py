"""The gallery's scrape: titles, links and word counts of web pages, fetched politely."""

from collections.abc import Iterable, Iterator
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Annotated, TypedDict
from urllib.parse import urljoin

# Two files beside this one. Their folder is on sys.path in a run, but mypy knows no runs.
from local_site import number_of, open_site, page, place  # type: ignore[import-not-found]  # see above
from msgspec import Meta
from selectolax.lexbor import LexborHTMLParser
from visitor import Forbidden, Visitor  # type: ignore[import-not-found]  # see above

import pooltop
from pooltop import shared


class Scraped(TypedDict):
    """What a page says; nothing where robots.txt forbids to ask."""

    url: str
    forbidden: bool
    title: str
    words: int
    links: list[str]


def local_site(pages: int) -> list[str]:
    """The pages of a site of its own, on this machine."""
    urls: list[str] = open_site(pages)
    print(f"no URLs were given: serving {pages} pages, from {urls[0]} on")
    return urls


def every_page_read(outcome: pooltop.Outcome) -> tuple[object, object]:
    """Of the local site all that it is known to hold; of other sites a page for each URL."""
    first = next(iter(outcome.results), None)
    if first is None or number_of(first["url"]) is None:
        return outcome.items, outcome.items - outcome.failed
    return local_contents(int(str(outcome.options["pages"]))), read_contents(outcome.results)


def local_contents(pages: int) -> dict[str, int]:
    """What may be read of the local site."""
    readable = [page(number) for number in range(pages) if place(number) != "private/"]
    return {
        "pages": len(readable),
        "links": sum(len(page.links) for page in readable),
        "words": sum(page.words for page in readable),
    }


def read_contents(results: Iterable[Scraped]) -> dict[str, int]:
    """What has been read of the local site; a page counts where its title is right."""
    found = {"pages": 0, "links": 0, "words": 0}
    for scraped in results:
        found["pages"] += scraped["title"] == page(number_of(scraped["url"])).title
        found["links"] += len(scraped["links"])
        found["words"] += scraped["words"]
    return found


@pooltop.workload(
    title="Scrape pages",
    section="Real work",
    items=local_site,
    check=every_page_read,
    shared={"turns": shared.Array("d", 1024)},
)
def scrape(
    url: str,
    pages: Annotated[int, Meta(ge=1, le=10_000)] = 200,  # noqa: ARG001  # of the local site
    timeout: Annotated[float, Meta(gt=0, le=600)] = 10.0,
    max_bytes: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 5_000_000,
    pause: Annotated[float, Meta(ge=0, le=60)] = 1.0,
    *,
    turns: "SynchronizedArray[float]",
) -> Scraped:
    """Title, links and number of words of web pages, a page an item.

    What it shows: work that mostly waits. Each worker waits for a page of its own, so here more workers than cores
    pay; and what workers of a pool must agree on: together they ask a host no oftener than it allows. The time of each
    host's next turn stands in shared memory.

    Watch the cores stay idle and the speedup grow all the same. Without items it reads a site of its own on this
    machine, which answers after 50 to 150 ms. Some of its pages have moved, a few are too busy for the first who
    asks, robots.txt forbids some, and not every page says in which encoding it is.

    Try 8 workers, then 32 (+): the site allows a hundred requests a second, and there the speedup ends. Kill a worker
    (k): another one reads its page. Give your own URLs (--items lines:urls.txt): a host whose robots.txt says nothing
    else is asked once in --pause seconds, by all workers together.

    Each page may take --timeout seconds and have --max-bytes bytes; five redirects are followed, each under the
    rules of its own host. A host that answers 429 or 503 is left alone as long as its Retry-After asks, at most 30
    seconds, and is asked four times. A URL that cannot be read is a failure of its own; one that robots.txt forbids
    is not asked for, and the result says so.
    """
    url = url.strip()
    try:
        address, text = Visitor(timeout, max_bytes, pause, turns).read(url)
    except Forbidden:
        pooltop.counter("forbidden").add()
        return {"url": url, "forbidden": True, "title": "", "words": 0, "links": []}
    return scraped(url, address, text)


def scraped(url: str, address: str, text: str) -> Scraped:
    """What is of interest in a page that was found at `address`."""
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    links = list(links_of(tree, address))
    tree.strip_tags(["script", "style"])
    words = tree.body.text(separator=" ").split() if tree.body else []
    pooltop.counter("pages").add()
    pooltop.counter("links").add(len(links))
    return {
        "url": url,
        "forbidden": False,
        "title": " ".join(title.text().split()) if title else "",
        "words": len(words),
        "links": links,
    }


def links_of(tree: LexborHTMLParser, address: str) -> Iterator[str]:
    """Where the page's links lead on the web, absolute, in their order."""
    base = tree.css_first("base[href]")
    root = absolute(address, base.attributes["href"]) if base else address
    for anchor in tree.css("a[href]"):
        link = absolute(root, anchor.attributes["href"])
        if link.startswith(("http://", "https://")):
            yield link


def absolute(root: str, reference: str | None) -> str:
    """A reference as an address; "" for what is none."""
    try:
        return urljoin(root, (reference or "").strip())
    except ValueError:
        return ""
