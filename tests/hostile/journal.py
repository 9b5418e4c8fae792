"""What the server logs, as it would stand on its standard error."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from teleosce.core import logs


class Journal:
    """The log of a test."""

    def __init__(self, written: io.StringIO) -> None:
        self.written = written

    @property
    def text(self) -> str:
        return self.written.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def holds_none_of(self, *secrets: str) -> None:
        """Each is a text that no log may hold."""
        for secret in secrets:
            found = [line[:300] for line in self.lines if secret in line]
            assert not found, (secret, found[:3])

    def has_at_most(self, lines: int) -> None:
        assert len(self.lines) <= lines, self.text[-3000:]

    def names_no_defect(self) -> None:
        """No traceback: nothing failed that we had not thought of."""
        assert not re.search("Traceback|a handler failed|Unhandled", self.text), self.text[-5000:]


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    logs.configure("info")
    handler = logging.StreamHandler(written)
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    yield Journal(written)
    print(written.getvalue())  # noqa: T201  pytest shows it beside a failure
    logging.getLogger().removeHandler(handler)
    structlog.reset_defaults()
