"""The table for people, and one line of JSON for whatever keeps the figures."""

import json
import statistics
from typing import Any

from bench import janus
from bench.machine import machine

_ROWS = (
    ("cpu", "CPU-s per recorded session-minute"),
    ("cpu_live", "  live: forwarding and recording"),
    ("cpu_sealing", "  after it: sealing, or closing files"),
    ("cpu_sealing_per_session", "  the same, CPU-s per session"),
    ("cpu_ms_per_frame", "CPU-ms per frame delivered"),
    ("cores_busy", "cores busy in the window"),
    ("fps_sent", "frames/s sent, mean"),
    ("fps_mean", "frames/s delivered, mean"),
    ("fps_least", "frames/s delivered, the worst off"),
    ("fps_recorded", "frames/s in the finished files"),
    ("packets_heard", "packets at the far side"),
    ("packets_missing", "packets missing there"),
    ("packets_asked_again", "packets the server asked for again"),
    ("silent", "participants who saw nothing"),
    ("lost", "participants cut off"),
    ("peak_rss_mib", "peak memory, MiB"),
    ("rss_per_session_mib", "memory per session, MiB"),
    ("base_rss_mib", "memory before the first, MiB"),
    ("largest_child_mib", "peak memory of a child, MiB"),
    ("sessions", "sessions of two"),
    ("load_cores_busy", "cores that the load took"),
    ("load_average", "load average at the start"),
)


def environment() -> dict[str, Any]:
    """The machine and the versions: figures mean nothing without."""
    found = machine("teleosce", "aiortc", "aioice", "av", "uvloop", "pylibsrtp")
    return found | ({"janus": janus.version()} if janus.where() else {})


def show(result: dict[str, Any]) -> None:
    """Prints the table, the ratios and the line of JSON."""
    rounds = result["rounds"]
    result["ratio"] = {
        peer: {name: _spread([one[name] / ours[name] for ours, one in _pairs(rounds, peer)]) for name in _RATIOS}
        for peer in ("stock", "janus")
        if any(one["server"] == peer for one in rounds)
    }
    print("\n" + ", ".join(f"{name} {value}" for name, value in result["environment"].items()))
    print("\n" + " " * 38 + "".join(f"{one['server']} {one['round']}".rjust(11) for one in rounds))
    for key, title in _ROWS:
        print(title.ljust(38) + "".join(str(one[key]).rjust(11) for one in rounds))
    print()
    for peer, ratios in result["ratio"].items():
        for name, spread in ratios.items():
            figures = ", ".join(f"{word} {value}" for word, value in spread.items())
            print(f"{peer} / ours, {_RATIOS[name]}: {figures}")
    for one in rounds:
        who = f"{one['server']} {one['round']}"
        if one["lost"]:
            print(f"{who} lost {one['lost']} participants: it did not answer ICE's checks any more.")
        if one["fps_mean"] < 0.9 * one["fps_sent"]:
            print(f"{who} fell behind: its CPU is what it got, not what it needed.")
        for trouble in one["troubles"]:
            print(f"{who}: {trouble}")
    print(json.dumps(result))


_RATIOS = {
    "cpu": "CPU per recorded session-minute",
    "cpu_live": "the same without sealing",
    "cpu_ms_per_frame": "CPU per frame delivered",
}


def _pairs(rounds: list[dict[str, Any]], peer: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    by_round = {(one["server"], one["round"]): one for one in rounds}
    numbers = {one["round"] for one in rounds}
    return [(by_round["ours", number], by_round[peer, number]) for number in numbers]


def _spread(values: list[float]) -> dict[str, float]:
    named = (("min", min(values)), ("median", statistics.median(values)), ("max", max(values)))
    return {name: round(value, 2) for name, value in named}
