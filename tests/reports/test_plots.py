"""Plots are valid specifications without a number that is none, each with its table; or the sentence why not."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pytest

from teleosce.core.errors import Unavailable
from teleosce.reports import ResultRules, analysis, plots
from teleosce.reports.cohort import Cohort, Station, cohort_of
from teleosce.reports.findings import METHOD_NAMES, extremes, of_lines
from teleosce.reports.plots import Pictures, Plot, drawn, fair, wright
from teleosce.reports.plots.drift import slope_of
from teleosce.reports.plots.lines import methods
from teleosce.reports.plots.look import tokens
from teleosce.reports.plots.plot import LEADING
from teleosce.reports.plots.sound import _ends
from teleosce.reports.runs import decide
from teleosce.reports.simulated import Shape, simulate
from teleosce.scoring import layout_of
from teleosce.stations import read
from teleosce.web.results_view import spread_words

STATIONS = Path(__file__).parents[2] / "stations"
RULES = ResultRules()


def cohort(stations: int = 3, **shape: Any) -> Cohort:
    slugs = ("chest-pain-video", "low-mood", "inhaler-technique")[:stations]
    versions = [read(STATIONS / slug) for slug in slugs]
    ring = [Station(version.hash, version.title, layout_of(version)) for version in versions]
    people, records, marks, _ = simulate(ring, Shape(**shape))
    hours = [replace(one, at_ms=one.at_ms * 90_000) for one in marks]
    return cohort_of(ring, people, records, hours)


def every(of: Cohort) -> dict[str, Plot]:
    found = {"sound": analysis.sound(of), "lines": analysis.lines(of, RULES), "fair": analysis.fair(of)}
    parts = plots.every_plot(json.loads(json.dumps(found)), of, RULES)
    made = {one["name"]: Plot.of(one) for part in parts.values() for one in part}
    run = decide(of, ResultRules())
    for name in of.candidates[:1]:
        made["beside-the-cohort"] = plots.of_candidate(json.loads(json.dumps(run)), name)
    return made


@pytest.fixture(scope="module")
def whole() -> dict[str, Plot]:
    return every(cohort(candidates=30, circuits=2, twice=0.3, seed=7))


def test_every_plot_of_a_whole_exam_is_drawn_and_valid(whole: Mapping[str, Plot]) -> None:
    assert set(whole) == {
        "d-study", "circuits", "regression-1", "regression-2", "regression-3", "methods", "stringency", "wright",
        "two-marks", "drift", "beside-the-cohort",
    }  # fmt: skip
    for name, plot in whole.items():
        assert plot.spec is not None, (name, plot.title)
        for dark in (False, True):
            spec = drawn(plot, dark=dark, narrow=dark)
            # Every colour and width is filled in, and no number is none: JSON has neither NaN nor infinity.
            assert "$" not in json.dumps({key: part for key, part in spec.items() if key != "$schema"}, allow_nan=False)
            if not dark:  # the same but for colours and widths
                alt.Chart.from_dict(spec, validate=True)
        assert plot.title.endswith(".")
        assert plot.title in plot.alt
        assert plot.rows
        assert {len(row) for row in plot.rows} == {len(plot.columns)}
        assert plot.height > 150


def test_a_light_and_a_dark_surface_have_the_colours_of_the_pages() -> None:
    light, dark = tokens(dark=False), tokens(dark=True)
    assert light["surface-raised"] == "#ffffff"
    assert light["accent"] == "#0b5568"
    assert dark["accent"] == "#84cbd9"
    assert light["font"] == dark["font"]
    assert "system-ui" in light["font"]


EMPTY = cohort_of([], {}, [], [])


@pytest.mark.parametrize(
    ("shape", "drawn_too"),
    [
        ({"candidates": 0}, set()),
        ({"candidates": 1, "circuits": 1}, {"circuits", "beside-the-cohort"}),
        ({"candidates": 2, "stations": 1, "circuits": 1}, {"circuits", "beside-the-cohort"}),
        # One circuit, an examiner at each station: none can be told from the station.
        ({"candidates": 20, "circuits": 1}, {"d-study", "circuits", "methods", "beside-the-cohort"}),
        ({"candidates": 8, "stations": 1, "circuits": 1}, {"regression-1", "circuits", "methods", "beside-the-cohort"}),
        # Two circuits that nothing links: no common scale.
        (
            {"candidates": 20, "circuits": 2, "twice": 0.0, "seed": 4},
            {"d-study", "circuits", "drift", "methods", "stringency", "beside-the-cohort"},
        ),
    ],
)
def test_what_is_not_defined_is_a_sentence_and_no_picture(shape: dict[str, Any], drawn_too: set[str]) -> None:
    made = every(cohort(**shape))
    assert drawn_too <= {name for name, plot in made.items() if plot.spec}
    for name, plot in made.items():
        if plot.spec is None:
            assert plot.title.endswith((".", "?")), (name, plot.title)
            assert len(plot.title) > 20
            assert plot.rows == ()
        else:
            json.dumps(drawn(plot), allow_nan=False)
    undrawn = {name for name, plot in made.items() if plot.spec is None}
    if shape.get("twice") == 0.0:
        assert {"wright", "two-marks"} <= undrawn
    if shape.get("circuits") == 1:
        assert {"wright", "stringency"} <= undrawn
    if not shape["candidates"]:
        assert undrawn == set(made)


def test_examiners_who_differ_by_chance_alone_have_no_interval_and_no_picture() -> None:
    found = json.loads(json.dumps(analysis.fair(cohort(candidates=30, circuits=2, twice=0.3, seed=4))))
    assert found["stringency"]["variances"]["examiner"] == 0
    plot = fair.stringency(found)
    assert plot.spec is None
    assert "differ by no more than chance" in plot.title


def test_no_station_at_all_gives_sentences() -> None:
    made = every(EMPTY)
    assert made
    assert all(plot.spec is None for plot in made.values())


def test_ratings_that_are_all_the_same_draw_no_line() -> None:
    one = cohort(candidates=12, circuits=1, stations=1)
    same = replace(one, grades=np.where(np.isfinite(one.grades), 2.0, np.nan))
    assert "same global rating" in every(same)["regression-1"].title
    assert every(same)["regression-1"].spec is None


def test_titles_of_marks_that_are_all_the_same_say_so() -> None:
    one = cohort(candidates=30, circuits=2, twice=0.3, seed=7)

    def flat(own: Any) -> Any:
        return np.where(np.isfinite(own), 50.0, np.nan)

    made = every(replace(one, scores=flat(one.scores), long_score=flat(one.long_score)))
    assert made["circuits"].title == "At each station the circuits have the same median."
    assert (made["two-marks"].spec, "do the two scores differ" in made["two-marks"].title) == (None, True)
    few = every(cohort(candidates=12, circuits=2, stations=2, twice=0.3, seed=7))["two-marks"].title
    assert "points, as far as 6 pairs can tell." in few
    assert (made["drift"].spec, "gave everybody the same" in made["drift"].title) == (None, True)


def test_methods_that_decide_about_fewer_are_not_counted_among_all() -> None:
    one = cohort(candidates=30, circuits=2, twice=0.3, seed=7)
    half, grades = one.scores.copy(), one.grades.copy()
    # Two thirds sat the first station alone, which has no cut by contrasting groups: its ratings are of one kind.
    half[:20, 1:] = np.nan
    grades[:, 0] = 3
    odd = replace(one, scores=half, grades=grades)
    lines = [own for own in analysis.lines(odd, RULES) if own["method"] in ("contrasting-groups", "cohen")]
    few, most = extremes(lines)
    assert (few["judged"], most["judged"]) == (10, 30)
    each = f"{few['passed']} of 10", f"{most['passed']} of 30"
    assert f"between {each[0]} and {each[1]} pass" in of_lines(lines, METHOD_NAMES)
    title = methods(lines, odd, RULES).title
    assert title.startswith(f"{each[0]} candidates pass by one method (Contrasting groups) and {each[1]} by another")


def test_how_many_pass_is_written_neither_over_a_name_nor_over_the_edge() -> None:
    one, rules = cohort(candidates=30, circuits=2, twice=0.3, seed=7), ResultRules(sems=3)
    spec = methods(analysis.lines(one, rules), one, rules).spec
    assert spec is not None
    said = [layer for layer in spec["layer"] if layer["encoding"].get("text", {}).get("field") == "said"]
    sides = {layer["mark"]["align"]: [own["share"] for own in layer["data"]["values"]] for layer in said}
    assert sides["left"]
    assert max(sides["left"]) < 15
    assert sum(map(len, sides.values())) == 5


def test_lines_that_end_together_are_named_once() -> None:
    assert _ends({"Φ": 0.881, "Eρ²": 0.884}, near=0.04) == [{"value": pytest.approx(0.8825), "said": "Φ, Eρ²"}]
    assert [one["said"] for one in _ends({"Φ": 0.80, "Eρ²": 0.90}, near=0.04)] == ["Φ", "Eρ²"]


def test_titles_count_in_plain_english() -> None:
    one = cohort(candidates=30, circuits=2, twice=0.3, seed=4)
    score = np.linspace(40, 90, 30)
    grade = np.clip(np.round((score - 30) / 15), 0, 4)
    # One candidate far below the line.
    scores, grades = one.scores.copy(), one.grades.copy()
    scores[:, 0], grades[:, 0] = score, grade
    scores[0, 0] = 20
    title = every(replace(one, scores=scores, grades=grades))["regression-1"].title
    assert "1 of 30 candidates below it" in title or "of 30 candidates below it" in title
    assert "1 candidates" not in title
    for plot in every(one).values():
        assert " 1 stations" not in plot.title
        assert " 1 examiners" not in plot.title


def test_who_is_alone_at_a_station_is_not_on_the_map() -> None:
    one = cohort(candidates=30, circuits=2, twice=0.3, seed=4)
    alone = one.long_examiner[one.long_station == 2].min()
    changed = replace(one, long_examiner=np.where(one.long_station == 2, alone, one.long_examiner))
    map_ = every(changed)["wright"]
    assert map_.spec is not None
    assert "Left out: 1 examiner " in map_.note
    assert one.examiners[alone] not in [row[1] for row in map_.rows]
    assert sum(row[0] == "Examiner" for row in map_.rows) == 4


@pytest.mark.parametrize(("many", "name"), [(12, "A station whose title takes several lines"), (300, "Dr Okonkwo")])
def test_names_on_the_map_are_whole_and_lie_on_nobody_s(many: int, name: str) -> None:
    own = [(f"{name} {at}", at * 0.004 - 0.5) for at in range(many)]
    kept = wright._outermost(own, wright.MOST)
    assert max(own, key=lambda one: abs(one[1])) in kept
    assert len(kept) == (12 if many == 12 else (wright.MOST - wright.GAP) // wright.GAP)
    pixel = 4 / wright.MOST
    named = wright._named(kept, pixel)
    assert sorted(one["name"].replace("\n", " ") for one in named) == sorted(one for one, _ in kept)
    for below, above in pairwise(named):
        room = pixel * (wright._tall(below["name"]) + wright._tall(above["name"])) / 2
        assert above["label"] - below["label"] >= room - 1e-9
    assert max(len(line) for one in named for line in one["name"].split("\n")) <= wright.LETTERS


def test_drift_is_found_where_there_is_some_and_not_where_there_is_none() -> None:
    one = cohort(candidates=60, circuits=2, twice=0.0, seed=2)
    hours = (one.long_at_ms - one.long_at_ms.min()) / 3_600_000
    flat, falling = slope_of(one), slope_of(replace(one, long_score=one.long_score - 12 * hours))
    assert falling.an_hour == pytest.approx(flat.an_hour - 12)
    assert flat.low < 0 < flat.high
    assert falling.high < 0
    assert every(replace(one, long_score=one.long_score - 12 * hours))["drift"].title.startswith("Marks fall")


def test_people_are_ids_until_they_are_named() -> None:
    seat = "abcdefghijkmnpqrstuvwxyz23"
    kept = Plot(
        "x", f"{seat} is apart.", "", "", ("Who",), ((seat,),), {"height": 10, "data": {"values": [{"who": seat}]}}
    )
    named = Plot.of(json.loads(json.dumps(kept.plain())), {seat: 'Dr "Ø" Müller'}.__getitem__)
    assert named.title == 'Dr "Ø" Müller is apart.'
    assert named.rows == (('Dr "Ø" Müller',),)
    assert named.spec is not None
    assert named.spec["data"]["values"] == [{"who": 'Dr "Ø" Müller'}]


def test_one_candidate_beside_the_others_and_beside_too_few_of_them() -> None:
    few = json.loads(json.dumps(decide(cohort(candidates=4, circuits=1), ResultRules())))
    name = next(iter(few["candidates"]))
    alone = plots.of_candidate(few, name)
    assert all(row[3:6] == (None, None, None) for row in alone.rows)
    assert "no middle half" in alone.note
    many = json.loads(json.dumps(decide(cohort(candidates=12, circuits=1), ResultRules())))
    name = next(iter(many["candidates"]))
    beside = plots.of_candidate(many, name)
    assert beside.rows[0][0] == "Total"
    assert all(row[4] <= row[3] <= row[5] for row in beside.rows)
    # No name runs into the next one's row.
    (domain, *_), titles = many["candidates"][name]["domains"], {}
    for words in ("Ethical practices and legal requirements for telehealth", "Long titles " * 8):
        titles[domain] = words
        spec = plots.of_candidate(many, name, titles).spec
        assert spec is not None
        lines = max(row["what"].count("\n") + 1 for row in spec["layer"][3]["data"]["values"])
        rows = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
        assert lines > 1
        assert spec["height"] >= LEADING * lines * len(rows)
    many["candidates"][name] |= {"total": None, "needed": None, "scores": [None] * 3, "domains": {}}
    assert plots.of_candidate(many, name).spec is None
    assert plots.of_candidate(many, "nobody").spec is None


async def test_pictures_are_drawn_in_a_process_of_their_own_and_kept(whole: Mapping[str, Plot]) -> None:
    pictures = Pictures()
    try:
        spec = drawn(whole["d-study"])
        moments: list[float] = []
        loop = asyncio.get_running_loop()

        async def beat() -> None:
            while True:
                moments.append(loop.time())
                await asyncio.sleep(0.01)

        beating = asyncio.create_task(beat())
        svg, other = await asyncio.gather(pictures.svg(spec), pictures.svg(drawn(whole["methods"], dark=True)))
        beating.cancel()
        assert svg.startswith("<svg")
        assert "now 0." in svg
        assert "NaN" not in svg
        assert other != svg
        assert len(moments) > 5  # the loop went on meanwhile
        assert await pictures.svg(spec) is svg
        with pytest.raises(Unavailable, match="table"):
            await pictures.svg({"mark": "nothing"})
        # A process that died is started again.
        assert pictures._process is not None
        pictures._process.kill()
        await pictures._process.wait()
        assert (await pictures.svg(drawn(whole["drift"]))).startswith("<svg")
    finally:
        await pictures.close()


def layers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from spec.get("layer", ())


def test_colour_is_never_alone(whole: Mapping[str, Plot]) -> None:
    """Wherever a colour tells apart, a shape or a dash does too."""
    for plot in whole.values():
        for layer in layers(drawn(plot)):
            encoding = layer.get("encoding", {})
            if "field" in encoding.get("color", {}):
                assert {"shape", "strokeDash"} & set(encoding), plot.name


def test_borderline_candidates_who_score_alike_give_a_line_whose_certainty_is_not_told() -> None:
    one = cohort(candidates=30, circuits=1, stations=1, seed=2)
    grades = np.where(np.arange(30)[:, None] < 10, 1.0, np.maximum(one.grades, 2))
    alike = replace(one, grades=grades, scores=np.where(grades == 1, 60.0, one.scores))
    line = next(found for found in analysis.lines(alike, RULES) if found["method"] == "borderline-group")
    assert line["pass_mark"] == 60
    assert line["stations"][0]["bootstrap"] is None
    assert line["spread"]["code"] == "same-score"
    assert "cannot be told" in spread_words(line["spread"])
    plot = every(alike)["methods"]
    assert [(row[-2], row[-1]) for row in plot.rows if row[0] == "Borderline group"] == [(None, None)]
    assert "No bar" in plot.note
