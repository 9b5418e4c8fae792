"""Psychometrics: pure functions on arrays, from marks to standards, reliability and what examiners did to them.

Scores are candidates × stations in percent, NaN where missing; a long list of marks is arrays with an element each.
Nothing here knows of exams, people or files. What data do not have raises `Undefined` with a sentence that says why;
no function returns a number that means nothing.

Cuts: `standards` (one station), `exam` (the pass mark, the rule, who passes), `bootstrap` (how sure both are).
Soundness: `reliability`, `generalizability`, `stations`. Examiners: `agreement`, `stringency`, `rasch`. `mixed` is the
mixed model under them.

scipy is imported where it is used: a server must be back at once after a failure, and needs it only for results.
"""

from teleosce.psychometrics import (
    agreement,
    bootstrap,
    exam,
    generalizability,
    rasch,
    reliability,
    standards,
    stations,
    stringency,
)
from teleosce.psychometrics.undefined import Undefined

__all__ = [
    "Undefined",
    "agreement",
    "bootstrap",
    "exam",
    "generalizability",
    "rasch",
    "reliability",
    "standards",
    "stations",
    "stringency",
]
