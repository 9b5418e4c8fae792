"""What a plot is: a finding in words, a table, and a Vega-Lite specification, colours and width still open. Pure.

In a specification `$ink` stands for a token of tokens.css and `$width` for the width of the drawing; `look.drawn` fills
them in. People are named by the ids of their seats until `Plot.named`, so that what is kept holds no names.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Spec = dict[str, Any]
Cell = str | float | int | None

LEADING = 15
"""Pixels from one line of a name to the next."""

_ID = re.compile(r"\b[a-km-np-z2-9][a-z2-9]{25}\b")


@dataclass(frozen=True)
class Plot:
    """A picture that answers a question.

    title: the finding, a sentence. note: how to read it. alt: what it shows, for those who do not see it. columns and
    rows: its table; a cell is a text, a number or None. spec: None where there is nothing to draw; title says why then.
    """

    name: str
    title: str
    note: str
    alt: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    spec: Spec | None

    width: ClassVar[int] = 640
    narrow: ClassVar[int] = 370
    """Pixels of the picture's place on a page, and on a phone's."""

    @property
    def height(self) -> int:
        """Pixels of the picture's place: the drawing, and about as much as axis and legend take."""
        return int(self.spec["height"]) + 72 if self.spec else 0

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return vars(self).copy()

    @classmethod
    def of(cls, plain: Mapping[str, Any], name: Callable[[str], str] = str) -> "Plot":
        """A plot that was kept as `plain`; people's ids become what `name` says of them."""
        text = _ID.sub(lambda found: json.dumps(name(found[0]), ensure_ascii=False)[1:-1], json.dumps(plain))
        held = json.loads(text)
        return cls(**{**held, "columns": tuple(held["columns"]), "rows": tuple(map(tuple, held["rows"]))})


def nothing(name: str, title: str) -> Plot:
    """No picture: the sentence why."""
    return Plot(name, title, "", "", (), (), None)


def data(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Rows inside the specification."""
    return {"values": [dict(row) for row in rows]}


def told(*fields: tuple[str, str] | tuple[str, str, str]) -> list[Spec]:
    """What is shown beside the pointer: field, title and, for numbers, the format."""
    return [
        {"field": one[0], "title": one[1], "type": "quantitative", "format": one[2]}
        if len(one) > 2
        else {"field": one[0], "title": one[1], "type": "nominal"}
        for one in fields
    ]


def percent_axis(title: str, **more: Any) -> Spec:
    """A scale from 0 to 100 %."""
    return {
        "type": "quantitative",
        "title": title,
        "scale": {"domain": [0, 100], "nice": False},
        "axis": {"values": [0, 20, 40, 60, 80, 100]},
        **more,
    }


def side(field: str, **more: Any) -> Spec:
    """A scale of names down the side, which `names` writes."""
    return {"field": field, "type": "nominal", "sort": None, "axis": None, **more}


def names(rows: Sequence[Mapping[str, Any]], field: str, away: int = 8, of: str = "", **mark: Any) -> list[Spec]:
    """Names at the left of their rows, over as many lines as they have, in the middle of the row.

    of: the field by which a row is known, where it is not the name. An axis would begin its labels in the middle, and
    let those of several lines run into the next row.
    """
    of, by = of or field, dict[int, dict[Any, str]]()
    for row in rows:
        by.setdefault(row[field].count("\n"), {})[row[of]] = row[field]
    return [
        {
            "data": data([{of: key, field: name} for key, name in those.items()]),
            "mark": {
                "type": "text",
                "align": "right",
                "x": -away,
                "lineBreak": "\n",
                "lineHeight": LEADING,
                "dy": -more * LEADING / 2,
                **mark,
            },
            "encoding": {"y": side(of), "text": {"field": field, "type": "nominal"}},
        }
        for more, those in sorted(by.items())
    ]


def beside(rows: Sequence[Mapping[str, Any]], y: Mapping[str, Any], field: str = "said") -> Spec:
    """Words at the right of the drawing, where no dot is."""
    return {
        "data": data(rows),
        "mark": {"type": "text", "align": "left", "x": "width", "dx": 6, "fontWeight": "bold"},
        "encoding": {"y": y, "text": {"field": field}},
    }


def wrapped(title: str, width: int = 24) -> str:
    """A title in lines of at most so many letters."""
    lines: list[str] = []
    for word in title.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)
