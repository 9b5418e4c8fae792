"""The blueprint: what each station assesses, by domain and by the topics it names, and what nothing assesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from teleosce.stations import MarkSheet


class Assessed(Protocol):
    """What a blueprint needs of a station version."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def rest(self) -> bool: ...  # noqa: D102
    @property
    def blueprint(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def mark_sheet(self) -> MarkSheet: ...  # noqa: D102


@dataclass(frozen=True)
class Row:
    """A station: items and the share of its points (0 to 1) in each domain, in the matrix's order."""

    title: str
    items: tuple[int, ...]
    shares: tuple[float, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Blueprint:
    """Station × domain. `shares`: of the whole exam, every station counting the same. `thin`: domains that only one
    station assesses, in an exam of several.
    """

    domains: tuple[str, ...]
    rows: tuple[Row, ...]
    shares: tuple[float, ...]
    thin: tuple[str, ...]
    topics: tuple[tuple[str, int], ...]


def blueprint(stations: Sequence[Assessed]) -> Blueprint:
    """The matrix of the stations in ring order; rest stations assess nothing. Domains are one when their titles are."""
    working = [one for one in stations if not one.rest]
    titles = {id_: title for one in reversed(working) for id_, title in one.mark_sheet.domains.items()}
    domains = tuple(dict.fromkeys(titles[id_] for one in working for id_ in one.mark_sheet.domains))
    rows = tuple(_row(one, titles, domains) for one in working)
    count = len(rows) or 1
    shares = tuple(sum(row.shares[at] for row in rows) / count for at in range(len(domains)))
    having = [sum(row.items[at] > 0 for row in rows) for at in range(len(domains))]
    thin = tuple(name for name, number in zip(domains, having, strict=True) if number <= 1 < len(rows))
    topics: dict[str, int] = {}
    for row in rows:
        for topic in row.topics:
            topics[topic] = topics.get(topic, 0) + 1
    return Blueprint(domains, rows, shares, thin, tuple(sorted(topics.items(), key=lambda one: (-one[1], one[0]))))


def _row(station: Assessed, titles: dict[str, str], domains: Sequence[str]) -> Row:
    items = station.mark_sheet.items
    whole = sum(max(item.weight, 0) for item in items) or 1
    mine = [[item for item in items if titles.get(item.domain) == domain] for domain in domains]
    shares = tuple(sum(max(item.weight, 0) for item in its) / whole for its in mine)
    return Row(station.title, tuple(len(its) for its in mine), shares, tuple(dict.fromkeys(station.blueprint)))
