"""A planned exam on a server of its own, from `exam.yaml` to everybody's link, for browsers to sit it."""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, expect
from typer.testing import CliRunner

from teleosce.cli import app
from tests.e2e.server import ServerProcess


@asynccontextmanager
async def served(folder: Path, plan: str, **settings: object) -> AsyncIterator[tuple[ServerProcess, dict[str, str]]]:
    """The server of the plan's exam, ready, and the links by people's names; it is stopped at the end, whatever comes.
    The data is in `folder/data`.

    settings: the server's, by their names.
    """
    data, file, links = folder / "data", folder / "exam.yaml", folder / "links.csv"
    file.write_text(plan)
    server = ServerProcess(data, worker=False, **settings)
    bank = ("--stations", settings["stations"]) if "stations" in settings else ()
    title = plan.partition("title: ")[2].partition("\n")[0]
    for words in (
        ("load", file, "--data", data, *bank),
        ("links", title, "--url", server.url, "--to", links, "--data", data),
    ):
        done = await asyncio.to_thread(CliRunner().invoke, app, ["exam", *map(str, words)])
        assert done.exit_code == 0, done.output
    with links.open(encoding="utf-8-sig") as rows:
        told = {row["Name"]: row["Link"] for row in csv.DictReader(rows)}
    try:
        await server.again()
        yield server, told
    finally:
        await server.stop()


async def start(control: Page) -> None:
    """Presses *Start*: it starts at once when everybody is here, and asks first when not."""
    await control.get_by_role("button", name="Start").click()
    asks = control.locator("dialog[open]")
    await expect(asks.or_(control.locator(".cell[data-cell='A/1'][data-phase='reading']"))).to_be_visible()
    if await asks.is_visible():
        await asks.get_by_role("button", name="Start").click()
