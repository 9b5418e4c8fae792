"""Agreement, to the digits that the papers print."""

import numpy as np
import pytest

from teleosce.psychometrics import agreement
from teleosce.psychometrics.undefined import Undefined

NAN = np.nan

# Shrout & Fleiss 1979, table 2: four judges rate six targets.
SHROUT = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=float,
)

# Fleiss 1971, table 1: how many of six psychiatrists gave each of five diagnoses to thirty patients.
FLEISS = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""

# Krippendorff 2011, section D: four observers, twelve units, some not observed.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("ICC(1,1)", 0.17),
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(1,k)", 0.44),
        ("ICC(2,k)", 0.62),
        ("ICC(3,k)", 0.91),
    ],
)
def test_the_six_forms_of_shrout_and_fleiss(form: agreement.IccForm, printed: float) -> None:
    found = agreement.icc(SHROUT, form)
    assert round(found.value, 2) == printed
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_intervals_as_r_prints_them() -> None:
    """psych::ICC (R) on the same table: −.13 to .72, .02 to .76, .34 to .95 for a single examiner."""
    bounds = [agreement.icc(SHROUT, form) for form in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")]
    assert [(round(one.low, 2), round(one.high, 2)) for one in bounds] == [(-0.13, 0.72), (0.02, 0.76), (0.34, 0.95)]  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["ICC(2,1)", "ICC(2,k)", "ICC(3,1)", "ICC(3,k)"])
def test_a_bound_that_no_agreement_can_have_is_none(form: agreement.IccForm) -> None:
    """Of three encounters the formulas give ICC(2,1) a lower bound below −1, and ICC(2,k) one above 1."""
    found = agreement.icc(np.array([[40.0, 40], [40, 50], [60, 50]]), form)
    assert found.low is None or found.low < found.value
    assert found.high is not None
    assert found.value < found.high <= 1
    if form[4] == "2":
        assert found.low is None


def test_examiners_who_differ_more_than_encounters_do_have_no_agreement() -> None:
    with pytest.raises(Undefined) as refused:
        agreement.icc(np.array([[40.0, 61], [60, 40]]), "ICC(2,k)")
    assert refused.value.code == "within"


def test_the_diagnoses_of_fleiss() -> None:
    ratings = np.array(
        [[diagnosis for diagnosis, many in enumerate(map(int, row)) for _ in range(many)] for row in FLEISS.split()],
        dtype=float,
    )
    assert ratings.shape == (30, 6)
    found = agreement.fleiss_kappa(ratings, 5)
    assert round(found.value, 3) == 0.430
    assert found.observed == pytest.approx(0.555, abs=0.001)


@pytest.mark.parametrize(
    ("level", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_observers_of_krippendorff(level: agreement.Level, printed: float) -> None:
    assert round(agreement.krippendorff_alpha(KRIPPENDORFF, level).value, 3) == printed


def test_weighted_kappa_of_cohen() -> None:
    """Cohen 1968, table 1: 200 cases, three categories; κ = .492 unweighted."""
    table = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]]) * 200
    first, second = (
        np.repeat(np.indices((3, 3))[axis].ravel(), table.astype(int).ravel()).astype(float) for axis in (0, 1)
    )
    assert round(agreement.kappa(first, second, 3).value, 3) == 0.492


def test_a_category_that_nobody_used_counts_in_the_weights() -> None:
    first, second = np.array([0.0, 1, 2, 1]), np.array([0.0, 2, 2, 1])
    few = agreement.kappa(first, second, 3, "linear").observed
    many = agreement.kappa(first, second, 5, "linear").observed
    assert few == pytest.approx(1 - 0.5 / 4)
    assert many == pytest.approx(1 - 0.25 / 4)


def test_limits_of_agreement() -> None:
    """Worked by hand: differences 2, 0, 1, −1, 3: mean 1, sd √2.5."""
    found = agreement.bland_altman(np.array([12.0, 8, 9, 4, 10]), np.array([10.0, 8, 8, 5, 7]))
    assert found.bias == 1
    assert found.high == pytest.approx(1 + 1.96 * 2.5**0.5)
    assert found.n == 5


def test_what_has_no_agreement_says_why() -> None:
    same = np.ones((4, 2))
    cases = [
        ("few", lambda: agreement.kappa(np.array([NAN]), np.array([1.0]), 5)),
        ("same-rating", lambda: agreement.kappa(same[:, 0], same[:, 1], 5)),
        ("same-rating", lambda: agreement.fleiss_kappa(same, 5)),
        ("uneven", lambda: agreement.fleiss_kappa(np.array([[1, 1, 0], [0, 1, NAN]]), 2)),
        ("same-rating", lambda: agreement.krippendorff_alpha(same)),
        ("few", lambda: agreement.krippendorff_alpha(np.array([[1, NAN]]))),
        ("same-score", lambda: agreement.icc(same, "ICC(2,1)")),
        ("few", lambda: agreement.bland_altman(np.array([1.0, 2]), np.array([1.0, NAN]))),
    ]
    for code, ask in cases:
        with pytest.raises(Undefined) as refused:
            ask()  # type: ignore[no-untyped-call]
        assert refused.value.code == code
