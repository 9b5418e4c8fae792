"""Renders a film part by part until it is done, or killed: python -m tests.keeping.film_to_kill FOLDER."""

import sys
from pathlib import Path

from teleosce.keeping.film import make_film
from tests.keeping.film_takes import plan

folder = Path(sys.argv[1])
make_film(plan(folder), folder / "film.mp4", told=lambda done, _: print(done, flush=True), part_ms=1000)  # noqa: T201
