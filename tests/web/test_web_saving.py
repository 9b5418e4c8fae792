"""Examiners who save at once, over a real server: nothing is lost and nothing overwritten (bench/saving.py has 200)."""

import sqlite3
from pathlib import Path

from bench.saving import Told, judge, measure


async def test_twenty_examiners_save_at_once(tmp_path: Path) -> None:
    found = await measure(tmp_path, examiners=20, pause_s=0.01, most=3)
    assert found["wrong"] == []
    assert found["saves"] >= 20 * 4
    with sqlite3.connect(tmp_path / "teleosce.db") as connection:
        [(form, field, version)] = connection.execute("SELECT form_id, field, version FROM form_entry LIMIT 1")
    told = Told()
    told.acknowledge(form, field, version, "another value")
    told.acknowledge(form, "comment", 1, "never written")
    assert len(judge(tmp_path / "teleosce.db", told)) == 2, "what was lost or overwritten is noticed"
