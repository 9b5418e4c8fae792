"""The mixed model once more, by the definition: dense matrices, and no equation in common with ours. And all else by R.

Patterson & Thompson, Biometrika 1971: minus twice the restricted log-likelihood of y = Xβ + Σ Zᵢuᵢ + e is
log|V| + log|XᵀV⁻¹X| + rᵀV⁻¹r, with V = Σ σᵢ² ZᵢZᵢᵀ + σ² I and r = y − Xβ.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from teleosce.psychometrics import agreement, generalizability, mixed, reliability, standards, stringency
from teleosce.psychometrics.rasch import rasch

Numbers = mixed.Numbers
REFERENCE = Path(__file__).parent / "reference"
MARKS = {"pass-or-fail": 2, "ratings": 5}
"""Each file of simulated marks, and of how many categories."""


def by_definition(y: Numbers, fixed: Numbers, factors: Mapping[str, mixed.Codes]) -> mixed.Fit:
    designs = {name: np.eye(codes.max() + 1)[codes] for name, codes in factors.items()}
    likeness = [*(z @ z.T for z in designs.values()), np.eye(len(y))]

    def solved(logs: Numbers) -> tuple[Numbers, Numbers, Numbers, float]:
        v = sum(np.exp(log) * one for log, one in zip(logs, likeness, strict=True))
        inverse = np.linalg.inv(v)
        within = fixed.T @ inverse @ fixed
        beta = np.linalg.solve(within, fixed.T @ inverse @ y)
        rest = y - fixed @ beta
        deviance = np.linalg.slogdet(v)[1] + np.linalg.slogdet(within)[1] + rest @ inverse @ rest
        return inverse, beta, rest, float(deviance)

    start = np.full(len(likeness), np.log(y.var() / len(likeness)))
    options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000}
    found = minimize(lambda logs: solved(logs)[3], start, method="Nelder-Mead", options=options)
    inverse, beta, rest, _ = solved(found.x)
    variances = dict(zip([*factors, mixed.RESIDUAL], np.exp(found.x), strict=True))
    covariance = np.linalg.inv(fixed.T @ inverse @ fixed)
    spread = inverse - inverse @ fixed @ covariance @ fixed.T @ inverse
    effects = {name: variances[name] * z.T @ inverse @ rest for name, z in designs.items()}
    errors = {
        name: np.sqrt(variances[name] - variances[name] ** 2 * np.diag(z.T @ spread @ z)) for name, z in designs.items()
    }
    return mixed.Fit(variances, beta, covariance, effects, errors)


def test_an_unbalanced_exam_is_found_as_its_definition_has_it() -> None:
    """24 candidates, 6 stations with two examiners each, a fifth of the marks missing, a tenth given twice."""
    chance = np.random.default_rng(11)
    candidate, station = (part.ravel() for part in np.indices((24, 6)))
    kept = chance.random(len(candidate)) > 0.2
    candidate, station = candidate[kept], station[kept]
    examiner = station * 2 + candidate % 2
    again = chance.random(len(candidate)) < 0.1
    candidate, station = np.append(candidate, candidate[again]), np.append(station, station[again])
    examiner = np.append(examiner, station[len(again) :] * 2 + (candidate[len(again) :] + 1) % 2)
    y = 60 + 6 * chance.normal(size=24)[candidate] + 5 * chance.normal(size=12)[examiner]
    y = y + 4 * chance.normal(size=6)[station] + 7 * chance.normal(size=len(y))
    fixed = np.eye(6)[station]
    factors = {"candidate": candidate, "examiner": examiner}
    ours, theirs = mixed.fit(y, fixed, factors), by_definition(y, fixed, factors)
    assert dict(ours.variances) == pytest.approx(dict(theirs.variances), rel=1e-3)
    np.testing.assert_allclose(ours.fixed, theirs.fixed, rtol=1e-4)
    np.testing.assert_allclose(ours.fixed_covariance, theirs.fixed_covariance, rtol=2e-3)
    for name in factors:
        np.testing.assert_allclose(ours.effects[name], theirs.effects[name], atol=5e-3)
        np.testing.assert_allclose(ours.errors[name], theirs.errors[name], rtol=2e-3)


def test_reliability_components_stringency_and_agreement_are_what_r_finds() -> None:
    """psych, factanal and lme4 on the same simulated marks, of which two fifths were given twice."""
    theirs = {name: np.array(own) for name, own in json.loads((REFERENCE / "classical.json").read_text()).items()}
    candidate, station, examiner, mark, rating = np.loadtxt(REFERENCE / "marks.csv", delimiter=",", skiprows=1).T
    candidate, station, examiner = (codes.astype(np.int64) for codes in (candidate, station, examiner))
    cells: dict[tuple[int, int], list[int]] = {}
    for at, cell in enumerate(zip(candidate.tolist(), station.tolist(), strict=True)):
        cells.setdefault(cell, []).append(at)
    first = np.array([own[0] for own in cells.values()])
    scores, grades = (own[first].reshape(candidate.max() + 1, -1) for own in (mark, rating))
    pairs = np.array([own for own in cells.values() if len(own) == 2])
    both, rated = mark[pairs], rating[pairs]
    crossed = generalizability.by_reml(mark[first], candidate[first], station[first])
    nested = generalizability.by_reml(mark, candidate, station, examiner * 100 + station)
    strict = stringency.stringency(mark, candidate, station, examiner)
    line = standards.borderline_regression(scores[:, 0], grades[:, 0])
    forms: list[agreement.IccForm] = ["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
    agreed = [agreement.icc(both, form) for form in forms]
    alpha = reliability.alpha(scores).value
    ours: dict[str, Sequence[float | None]] = {
        "alpha": [alpha],
        "alpha_if_deleted": reliability.alpha_if_deleted(scores),
        "corrected": reliability.corrected_correlations(scores),
        "error": [reliability.standard_error(scores, alpha)],
        "regression": [line.cut, line.se, line.facts["r2"], line.facts["slope"]],
        "icc": [one.value for one in agreed],
        "icc_low": [one.low for one in agreed],
        "icc_high": [one.high for one in agreed],
        "kappas": [agreement.kappa(*rated.T, 5, weights).value for weights in ("none", "quadratic")],
    }
    for name, found in ours.items():
        np.testing.assert_allclose(np.array(found, float), theirs[name], rtol=2e-6, err_msg=name)
    # What is found by climbing ends where each program stops.
    climbed = {
        "omega": [reliability.omega(scores).value],
        "crossed": [crossed.components[name] for name in ("candidate", "station", "rest")],
        "nested": [
            nested.components[name] for name in ("candidate", "station", "examiner", "candidate×station", "rest")
        ],
        "stringency_variances": [strict.variances[name] for name in ("candidate", "examiner", "rest")],
        "stringency": [one.effect for one in strict.examiners],
    }
    for name, found in climbed.items():
        np.testing.assert_allclose(found, theirs[name], rtol=2e-4, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("name", MARKS)
def test_a_many_facet_rasch_model_is_what_r_finds(name: str) -> None:
    """Pass or fail as lme4 fits it; five categories as R climbs the likelihood by its definition."""
    theirs = json.loads((REFERENCE / "rasch.json").read_text())[name]
    candidate, station, examiner, rating = np.loadtxt(REFERENCE / f"{name}.csv", int, delimiter=",", skiprows=1).T
    ours = rasch(rating, candidate, station, examiner, MARKS[name])
    for figure in ("stations", "station_errors", "examiners", "examiner_errors", "thresholds", "ability_sd"):
        np.testing.assert_allclose(getattr(ours, figure), theirs[figure], atol=2e-5, err_msg=figure)


@pytest.mark.faults
def test_what_is_kept_of_r_is_what_r_says() -> None:
    if shutil.which("Rscript") is None:
        pytest.skip(
            "This test needs R with lme4 and psych: "
            "apt-get install --no-install-recommends r-base-core r-cran-lme4 r-cran-psych"
        )

    def of_r(script: str, *names: str) -> tuple[dict[str, Any], dict[str, Any]]:
        command = ["Rscript", REFERENCE / f"{script}.R", *(REFERENCE / f"{name}.csv" for name in names)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return json.loads(said), json.loads((REFERENCE / f"{script}.json").read_text())

    now, kept = of_r("rasch", *MARKS)
    for name in MARKS:
        for figure, value in kept[name].items():
            np.testing.assert_allclose(now[name][figure], value, atol=2e-5, err_msg=f"{name}, {figure}")
    now, kept = of_r("classical", "marks")
    for figure in set(kept) - {"origin"}:
        np.testing.assert_allclose(now[figure], kept[figure], rtol=1e-4, atol=1e-5, err_msg=figure)
