"""How far those agree who marked the same encounters. Pure."""

from itertools import combinations

import numpy as np

from teleosce.psychometrics import Undefined, agreement
from teleosce.reports.answers import Answer, or_why
from teleosce.reports.cohort import Cohort


def overlap(cohort: Cohort) -> Answer:
    """Agreement of all who marked the same encounters. Raises Undefined (`few`) when nobody did."""
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
        "limits": or_why(lambda: agreement.bland_altman(score[:, 0], score[:, 1])),
    }
