"""Logs for those who run the server: to standard error, as lines for a person or as JSON for a collector."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import structlog

SECRET = frozenset({"token", "password", "sdp", "offer", "answer", "ticket", "secret", "text", "words", "value"})
"""Names whose values never reach a log, whoever passes them."""


class _Stderr:
    """Writes to what standard error is now. Who closed it, as a pipe's reader can, must not stop an exam."""

    def __init__(self, *_: object) -> None: ...

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            print(message, file=sys.stderr, flush=True)  # noqa: T201

    debug = info = warning = error = critical = exception = msg


def configure(level: str) -> None:
    """Sets the least level that is logged, for our log and for the libraries' (those from warning on)."""
    number = getattr(logging, level.upper())
    shown = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.format_exc_info,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )


def mask(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces what must not be read in a log."""
    for name in SECRET & entry.keys():
        entry[name] = "…"
    return entry
