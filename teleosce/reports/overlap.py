"""How far those agree who marked the same encounters. Pure."""

from collections.abc import Mapping
from functools import partial
from itertools import combinations

import numpy as np

from teleosce.psychometrics import Undefined, agreement
from teleosce.reports.answers import Answer, or_why
from teleosce.reports.cohort import Cohort

SET = 3
"""As many as linked marking proposes to an examiner at a station; of fewer, an interval would say nothing."""

SETS_SHOWN = 12

FORMS: tuple[agreement.IccForm, ...] = ("ICC(2,1)", "ICC(2,k)", "ICC(3,1)", "ICC(3,k)")
"""Those for which the same examiners must have marked all; Shrout & Fleiss, Psychol Bull 1979."""


def overlap(cohort: Cohort) -> Answer:
    """Agreement of all who marked the same encounters. Raises Undefined (`few`) when nobody did.

    sets: by the examiners who have at least SET encounters in common, those with the most first, FORMS of their
    scores; or why there are none. sets_more: how many are not shown, beyond SETS_SHOWN.
    """
    order: dict[str, list[int]] = {}
    for mark, encounter in enumerate(cohort.long_encounter):
        order.setdefault(encounter, []).append(mark)
    pairs = [pair for own in order.values() for pair in combinations(own, 2)]
    if not pairs:
        raise Undefined("few", "No encounter was marked by two examiners.")
    first, second = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    ratings = np.full((len(order), max(map(len, order.values()))), np.nan)
    for row, own in enumerate(order.values()):
        ratings[row, : len(own)] = cohort.long_grade[own]
    twice = ratings[np.isfinite(ratings).sum(axis=1) >= 2]
    score = np.column_stack([cohort.long_score[first], cohort.long_score[second]])
    grade = np.column_stack([cohort.long_grade[first], cohort.long_grade[second]])
    return {
        "encounters": len({cohort.long_encounter[mark] for mark in first}),
        "pairs": len(pairs),
        "score_icc": or_why(lambda: agreement.icc(score, "ICC(1,1)")),
        "score_icc_of_both": or_why(lambda: agreement.icc(score, "ICC(1,k)")),
        "grade_kappa": or_why(lambda: agreement.kappa(grade[:, 0], grade[:, 1], 5)),
        "grade_weighted_kappa": or_why(lambda: agreement.kappa(grade[:, 0], grade[:, 1], 5, "quadratic")),
        "grade_fleiss": or_why(lambda: agreement.fleiss_kappa(twice, 5)),
        "grade_krippendorff": or_why(lambda: agreement.krippendorff_alpha(twice)),
        **_sets(cohort, order),
        "limits": or_why(lambda: agreement.bland_altman(score[:, 0], score[:, 1])),
    }


def _sets(cohort: Cohort, order: Mapping[str, list[int]]) -> Answer:
    """Those who marked the same encounters, where there are enough of these for forms 2 and 3."""
    known = _in_common(cohort, order)
    enough = [(who, rows) for who, rows in known.items() if len(rows) >= SET]
    enough.sort(key=lambda one: (-len(one[1]), one[0]))
    if not enough:
        most = max(map(len, known.values()), default=0)
        said = (
            f"ICC(2,1), ICC(2,k), ICC(3,1) and ICC(3,k) ask for the same examiners throughout: no two marked {SET} "
            f"encounters in common, the most is {most}."
        )
        return {"sets": {"why": said, "code": "few"}, "sets_more": 0}
    return {
        "sets": [
            {
                "examiners": [cohort.examiners[code] for code in who],
                "encounters": len(rows),
                **{form: or_why(partial(agreement.icc, cohort.long_score[np.array(rows)], form)) for form in FORMS},
            }
            for who, rows in enough[:SETS_SHOWN]
        ],
        "sets_more": max(0, len(enough) - SETS_SHOWN),
    }


def _in_common(cohort: Cohort, order: Mapping[str, list[int]]) -> dict[tuple[int, ...], list[list[int]]]:
    """Marks of the encounters that all of a set marked, whoever else did, by examiners: every two, and more who marked
    one by themselves. Two are left out where all that they have in common is a larger set's.
    """
    alone: dict[tuple[int, ...], list[dict[int, int]]] = {}
    for own in order.values():
        by = {int(cohort.long_examiner[mark]): mark for mark in own if np.isfinite(cohort.long_score[mark])}
        alone.setdefault(tuple(sorted(by)), []).append(by)
    within: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for who in alone:
        for pair in combinations(who, 2):
            within.setdefault(pair, []).append(who)
    found = {pair: [one for who in sets for one in alone[who]] for pair, sets in within.items()}
    for who in (one for one in alone if len(one) > 2):
        sets = [other for other in within[who[:2]] if set(who) <= set(other)]
        found[who] = [one for other in sets for one in alone[other]]
        for pair in combinations(who, 2):
            if len(found.get(pair, ())) == len(found[who]):
                del found[pair]
    return {who: [[one[code] for code in who] for one in marks] for who, marks in found.items()}
