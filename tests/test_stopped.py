"""Ctrl-C ends a command soon, in plain words, wherever it is."""

import asyncio
import subprocess
import sys

import pytest

from tests.stopping import stopped

AT = """
import asyncio, time
from teleosce.cli import app, main
from teleosce.terminal import run, stopped_with

async def work():
    try:
        print("at it", flush=True)
        {at}
    finally:
        await asyncio.sleep(0)
        print("let go", flush=True)

@app.command()
def long():
    with stopped_with("Half is kept."):
        run(work())

main()
"""


@pytest.mark.parametrize("at", ["time.sleep(60)", "await asyncio.sleep(60)", "await asyncio.to_thread(time.sleep, 60)"])
async def test_it_ends_where_it_waits_and_where_it_blocks(at: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AT.format(at=at), "long", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"at it\n"
    said, wrong = await stopped(process)
    assert said == b"let go\n"
    assert wrong.decode().strip() == "teleosce: Stopped. Half is kept."
