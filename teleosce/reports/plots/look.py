"""How plots look: the tokens of the pages, for a light and a dark surface, at the width of a laptop and of a phone."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from teleosce.core.paths import WEB
from teleosce.reports.plots.plot import Plot, Spec

WIDE, NARROW = 560, 270
"""Pixels of a drawing between its axes' labels; where names stand at the side it is less."""

ROOM = {"left": 16, "right": 14, "top": 6, "bottom": 6}
"""Pixels about a picture: fonts of readers are up to a sixth wider than the one it was measured with."""

_TOKEN = re.compile(r"--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_FONT = re.compile(r"--font:\s*([^;]+);")
_SIZE = re.compile(r'(<svg\b[^>]*?)width="[^"]*" height="[^"]*"([^>]*?viewBox=)')
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@cache
def tokens(*, dark: bool) -> Mapping[str, str]:
    """The colours of tokens.css by name, and `font`; those for more contrast are left out."""
    text = (WEB / "static" / "css" / "tokens.css").read_text().partition("@media")[0]
    font = _FONT.search(text)
    assert font is not None
    return {one[1]: one[3 if dark else 2] for one in _TOKEN.finditer(text)} | {"font": font[1].replace('"', "'")}


def drawn(plot: Plot, *, dark: bool = False, narrow: bool = False) -> Spec:
    """The whole specification, with colours and sizes."""
    assert plot.spec is not None
    known = tokens(dark=dark)
    spec: Spec = _filled(plot.spec, known, NARROW if narrow else WIDE)
    return {"$schema": SCHEMA, "background": "transparent", "padding": ROOM, **spec, "config": _config(known)}


def framed(svg: str, plot: Plot, *, narrow: bool = False) -> str:
    """The picture in the place that a page keeps for it, so that nothing moves when it comes.

    How wide letters are, and so how large the picture is, is known only when it is drawn.
    """
    place = f'width="{plot.narrow if narrow else plot.width}" height="{plot.height}" preserveAspectRatio="xMinYMin"'
    return _SIZE.sub(rf"\1{place}\2", svg, count=1)


def _filled(value: Any, known: Mapping[str, str], width: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(one, known, width) for key, one in value.items() if key != "data"} | {
            key: one for key, one in value.items() if key == "data"
        }
    if isinstance(value, list):
        return [_filled(one, known, width) for one in value]
    if isinstance(value, str) and value.startswith("$"):
        if value.startswith("$width"):
            return width - int(value.partition("-")[2] or 0)
        return known[value[1:]]
    return value


def _config(known: Mapping[str, str]) -> Spec:
    text = {"font": known["font"], "fontSize": 12, "color": known["ink"]}
    return {
        "font": known["font"],
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelColor": known["ink"],
            "titleColor": known["ink-soft"],
            "domainColor": known["line-strong"],
            "tickColor": known["line-strong"],
            "gridColor": known["line"],
            "gridOpacity": 0.7,
            "labelLimit": 220,
            "titlePadding": 8,
            "labelPadding": 5,
            "labelFlush": False,
        },
        "legend": {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "labelColor": known["ink"],
            "titleColor": known["ink-soft"],
            "titleFontWeight": "normal",
            "orient": "top",
            # As in `ROOM`: a reader's wider letters must not run into the next sign.
            "columnPadding": 32,
            "symbolStrokeWidth": 1.6,
        },
        "text": text,
        "rule": {"color": known["ink"]},
    }
