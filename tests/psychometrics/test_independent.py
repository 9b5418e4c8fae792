"""The mixed model once more, by the definition: dense matrices, and no equation in common with ours. And Rasch's, by R.

Patterson & Thompson, Biometrika 1971: minus twice the restricted log-likelihood of y = Xβ + Σ Zᵢuᵢ + e is
log|V| + log|XᵀV⁻¹X| + rᵀV⁻¹r, with V = Σ σᵢ² ZᵢZᵢᵀ + σ² I and r = y − Xβ.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from teleosce.psychometrics import mixed
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
        pytest.skip("This test needs R with lme4: apt-get install --no-install-recommends r-base-core r-cran-lme4")
    command = ["Rscript", REFERENCE / "rasch.R", *(REFERENCE / f"{name}.csv" for name in MARKS)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    now, kept = (json.loads(text) for text in (said, (REFERENCE / "rasch.json").read_text()))
    for name in MARKS:
        for figure, value in kept[name].items():
            np.testing.assert_allclose(now[name][figure], value, atol=2e-5, err_msg=f"{name}, {figure}")
