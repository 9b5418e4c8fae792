"""Networks of their own for server and browsers (Linux network namespaces), with cables that can be cut."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.browsers import CHROMIUM, Home

NOWHERE = "02:00:00:00:00:99"
"""A hardware address that nobody has: what is sent to it is lost without a word, as on a line that is cut far away."""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Cable:
    """From a home to the school. The school is 10.77.<number>.1, the home .2."""

    def __init__(self, school: str, home: str, number: int, folder: Path) -> None:
        self.school, self.home, self.net = school, home, f"10.77.{number}"
        self.port = f"home{number}"
        self.last = 2
        ip("-n", school, "link", "add", self.port, "type", "veth", "peer", "name", "line", "netns", home)
        ip("-n", school, "addr", "add", f"{self.net}.1/24", "dev", self.port)
        ip("-n", school, "link", "set", self.port, "up")
        ip("-n", home, "link", "set", "lo", "up")
        ip("-n", home, "link", "set", "line", "up")
        self._address()
        self._wrapper = folder / f"chromium-{home}"
        self._wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {home} {CHROMIUM} "$@"\n')
        self._wrapper.chmod(0o755)

    def browser(self, port: int) -> Home:
        """A browser at home, and how it finds the server."""
        return Home(f"http://{self.net}.1:{port}", str(self._wrapper))

    def cut(self) -> None:
        """Nothing comes through, and neither end is told."""
        ip("-n", self.school, "neigh", "replace", f"{self.net}.{self.last}", "lladdr", NOWHERE, "dev", self.port)
        ip("-n", self.home, "neigh", "replace", f"{self.net}.1", "lladdr", NOWHERE, "dev", "line")

    def mend(self) -> None:
        """As before the cut."""
        ip("-n", self.school, "neigh", "del", f"{self.net}.{self.last}", "dev", self.port)
        ip("-n", self.home, "neigh", "del", f"{self.net}.1", "dev", "line")

    def move(self) -> None:
        """The home gets another address, as when a phone goes from WLAN to mobile data."""
        ip("-n", self.home, "addr", "flush", "dev", "line")
        self.last += 1
        self._address()

    def _address(self) -> None:
        ip("-n", self.home, "addr", "add", f"{self.net}.{self.last}/24", "dev", "line")
        ip("-n", self.home, "route", "replace", "default", "via", f"{self.net}.1")


class School:
    """Where the server runs, with a cable to each home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        self.name = self._space("school")
        self.within = ("ip", "netns", "exec", self.name)
        ip("-n", self.name, "link", "set", "lo", "up")
        # Where the organiser's browser runs: beside the server.
        self.wrapper = folder / "chromium-school"
        self.wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {CHROMIUM} "$@"\n')
        self.wrapper.chmod(0o755)

    def home(self, name: str) -> Cable:
        """A home with a cable to the school."""
        number = len(self.names)
        return Cable(self.name, self._space(name), number, self.folder)

    def close(self) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def _space(self, name: str) -> str:
        full = f"teleosce-{os.getpid()}-{name}"
        ip("netns", "add", full)
        self.names.append(full)
        return full


@contextmanager
def school(folder: Path) -> Iterator[School]:
    """Skips the test where networks cannot be made: it takes Linux, root and iproute2."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("Cutting a line for real takes network namespaces: run it as root, with iproute2 installed.")
    try:
        made = School(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"This machine lets nobody make network namespaces: {error.stderr.strip()}")
    try:
        yield made
    finally:
        made.close()
