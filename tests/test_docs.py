"""What the documents name exists, and what exists is named."""

import re
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from teleosce.cli import app
from teleosce.core.settings import Settings
from teleosce.web import routes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROTOCOL = (ROOT / "web" / "PROTOCOL.md").read_text()


def _commands() -> set[str]:
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {one}" for one in inner} if inner else {name}
    return found


def test_every_command_is_in_the_readme_and_the_other_way_round() -> None:
    table = README[README.index("| Command |") : README.index("### Settings")]
    pattern = re.compile(r"^\| `teleosce ([a-z]+(?:-[a-z]+)*(?: [a-z]+)*)")
    named = {found[1] for line in table.splitlines() if (found := pattern.match(line))}
    assert named == _commands()


def test_every_setting_is_in_the_readme_and_the_other_way_round() -> None:
    table = README[README.index("| Key |") : README.index("`/healthz`")]
    keys = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    named = {name for key in keys for name in re.findall(r"`([a-z_]+)`", key)}
    assert named == set(Settings.model_fields)


def test_every_api_route_is_in_the_protocol() -> None:
    table = PROTOCOL[PROTOCOL.index("| Method and path |") : PROTOCOL.index("## WebSocket")]
    named = set(re.findall(r"`(?:GET|POST) (/[^`]+)`", table))
    there = {route.path for route in routes() if route.path.startswith(("/api/", "/media/"))}
    assert named == there


def test_every_command_helps() -> None:
    for command in sorted(_commands()):
        result = CliRunner().invoke(app, [*command.split(), "--help"])
        assert result.exit_code == 0
        assert "Usage:" in result.output
