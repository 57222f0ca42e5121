"""Each kind of input that explores nothing is an error that shows the offending value, and what to do about it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import explorekit as ek
from explorekit.errors import SpaceError

NORMAL = ek.Space(x=stats.norm())
MANY = np.linspace(0, 1, 1_000_000)
MANY[734_512] = 1.5


@pytest.mark.parametrize(
    ("made", "shown", "remedy"),
    [
        (lambda: ek.Space(a=[1]) * ek.Space(a=[2]), "'a'", "Remove it from one"),
        (
            lambda: ek.Space(a=[1, 2]) @ ek.Space(b=[1, 2, 3]),
            r"{'a': 2} @ {'b': 3}",
            "Give both the same length",
        ),
        (lambda: -0.5 * NORMAL, "weight -0.5", "Leave out"),
        (lambda: 0 * NORMAL, "weight 0", "Leave out"),
        (lambda: 0.5 * ek.Space(a=[1, 2]), "'a'", "Give its values a distribution"),
        (lambda: NORMAL.sample(), "no n", r"sample\(100\)"),
        (lambda: len(NORMAL), r"'x' is the distribution norm\(\)", r"space.sample\(n\)"),
        (lambda: ek.Study(abs, NORMAL, "never"), r"'x' is the distribution norm\(\)", r"space.sample\(n\)"),
        (lambda: ek.Space(a=[1.0, np.nan]), "nan.* at position 1", "Leave it out"),
        (lambda: ek.Space(a=[1.0, None]), "1.0, None; None means that a point has no value", "Leave it out"),
        (lambda: ek.Space(a=None), "None means that a point has no value", "Leave it out"),
        (lambda: ek.Space(a=[1, "x"]), "number, str.* in 1, 'x'", "Write them all as one type"),
        (lambda: ek.Space(a=[1, 2, 1]), "value 1 at positions 0 and 2", r"Remove one, use .repeat\(n\)"),
        (lambda: ek.Space(a=["u", "u"]), "value 'u' at positions 0 and 1", "Remove one"),
        (lambda: ek.Space(a=ek.categorical(["u", "u"])), "categories 'u', 'u'", "each once"),
        (lambda: ek.Space(p=ek.param(MANY, bounds=(0, 1))), "1.5 at position 734512", "Leave it out"),
        (lambda: ek.Space(a=[abs, max]), "got <built-in function abs>", r"{'abs': abs, 'max': max}"),
        (lambda: ek.Space(a={1: abs}), "label 1", "Write '1'"),
        (lambda: ek.Space(a=[]), "'a' has no values", "expected at least one"),
        (lambda: ek.Space(a={}), "empty dict", "objects by label"),
        (lambda: ek.Space() + ek.Space(), "no parameter", r"Use .repeat\(2\)"),
        (lambda: ek.Space({"a b": [1]}), "'a b'", "expected an identifier"),
        (lambda: ek.Space(**{"1a": 1}), "'1a'", "expected an identifier"),
        (lambda: ek.Space.from_dataframe(pd.DataFrame({"a": [1.0, None]})), "row 1, column 'a'", "fillna"),
    ],
)
def test_what_explores_nothing_is_an_error_that_shows_it_and_the_remedy(made, shown, remedy):
    with pytest.raises(SpaceError, match=f"{shown}.*{remedy}"):
        made()


def test_a_csv_file_with_a_missing_cell_is_an_error_that_names_it(tmp_path):
    (tmp_path / "points.csv").write_text("a,b\n1,2\n3,\n")

    with pytest.raises(SpaceError, match=r"row 1, column 'b'.*allow_missing=True"):
        ek.Space.from_csv(tmp_path / "points.csv")
