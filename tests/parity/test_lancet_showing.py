"""What looking at argument spaces of Lancet could do, here, with the values recorded there."""

import numpy as np
import pandas as pd
import pytest

import explorekit as ek
from explorekit.errors import SpaceError

A = ek.Space(a=np.linspace(0, 1, 3))  # Range('a', 0, 1, steps=3)
B = ek.Space(b=["x", "y"])  # List('b', ['x', 'y'])
K = ek.Space(seed=7)  # Args(seed=7)


def evaluated(space):
    return eval(repr(space), {"ek": ek, "np": np})


def test_show_lists_the_points_in_order() -> None:
    space = K * A * B

    assert len(space) == 6
    assert "a" in space.parameters
    assert space.describe(0) == "seed=7, a=0, b='x'"
    assert [space.describe(i) for i in range(6)][-1] == "seed=7, a=1, b='y'"


def test_summary_tells_what_varies_from_what_is_constant() -> None:
    space = K * A * B
    varying = [name for name, p in space.parameters.items() if p.dim]

    assert varying == ["a", "b"]
    assert [p.name for p in (B * A).parameters.values() if p.dim] == ["b", "a"]
    assert "6 points = a (3) × b (2)" in space._repr_html_()
    assert space._repr_html_().count("fixed") == 1


def test_a_repr_evaluates_to_the_same_specs() -> None:
    # There `k * (a + b)` lost its parentheses, so that it was evaluated as another space.
    assert evaluated(K * A * B) == K * A * B


def test_small_numbers_are_not_rounded() -> None:
    # Range('lr', 1e-6, 1e-5, steps=3) gave 0.0, 0.0, 0.0, and List('x', [0.123456789, 1]) gave 0.1235 there.
    words = ek.Space.from_words(["lr=1e-6:1e-5:3", "x=0.123456789,1"])

    assert words.parameters["lr"].values.tolist() == np.linspace(1e-6, 1e-5, 3).tolist()
    assert words.parameters["x"].values.tolist() == [0.123456789, 1.0]
    assert evaluated(words) == words


def test_dframe_has_one_row_a_point() -> None:
    frame = (K * A * B).to_dataframe()

    assert frame.columns.tolist() == ["seed", "a", "b"]
    assert frame["a"].tolist() == [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]
    assert frame.dtypes["a"] == np.float64


def test_files_of_arguments_are_read_with_a_type_a_column(tmp_path) -> None:
    path = tmp_path / "args.csv"
    pd.DataFrame({"seed": [1, 10, 2], "rate": [0.1, 0.30000000000000004, 1e-9]}).to_csv(path, index=False)
    space = ek.Space.from_csv(path)

    assert list(space.points()) == [
        {"seed": 1, "rate": 0.1},
        {"seed": 10, "rate": 0.30000000000000004},
        {"seed": 2, "rate": 1e-9},
    ]


def test_a_key_that_a_file_lacks_is_an_error(tmp_path) -> None:
    path = tmp_path / "args.csv"
    path.write_text("seed,rate\n1,0.5\n2,\n")

    with pytest.raises(SpaceError, match=r"no value in row 1, column 'rate'"):
        ek.Space.from_csv(path)
    assert ek.Space.from_csv(path, allow_missing=True).find(lambda p: p.rate is None).sizes == {"point": 1}
