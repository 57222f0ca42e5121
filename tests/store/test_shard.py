"""A shard says by itself which points its rows are, in any space that has them."""

import json

import netCDF4
import numpy as np
import pytest
from batches import Failed, flip_bytes_of, make_study, write_batch
from drawn import grid_values, paired_spaces, spaces
from hypothesis import given
from hypothesis import strategies as st

import explorekit as ek
from explorekit.errors import ShardError
from explorekit.space.identity import canonical
from explorekit.space.space import Space
from explorekit.store.failures import read_failures
from explorekit.store.header import Header
from explorekit.store.index import positions_by_label, read_shard
from explorekit.store.shard import read_header
from explorekit.store.status import FAILED, OK


def covered(shard):
    """By position in the space, the row that is its record."""
    return {
        int(start) + i: int(row) + i for start, stop, row, _ in shard.stretches for i in range(stop - start)
    }


@given(data=st.data())
def test_rows_come_back_under_their_points_in_whatever_order_they_were_run(fresh, data):
    space = data.draw(spaces())
    directory = fresh(space)
    positions = data.draw(st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=12, unique=True))
    path = write_batch(directory, space, {position: {"x": float(position)} for position in positions})

    shard = read_shard(path, space)
    assert covered(shard) == {position: row for row, position in enumerate(positions)}
    header, touched, local = read_header(path)
    assert header.size == len(positions)
    for row, position in enumerate(positions):
        assert sorted(touched.labels(int(local[row]))) == sorted(space.labels(position))


@given(data=st.data())
def test_rows_land_under_their_labels_in_another_space_or_not_at_all(fresh, data):
    space = data.draw(spaces())
    directory = fresh(space)
    positions = data.draw(st.lists(st.integers(0, len(space) - 1), min_size=1, max_size=12, unique=True))
    path = write_batch(directory, space, {position: {"x": float(position)} for position in positions})
    # Another order of values, some of them gone.
    indexers = {
        dim: data.draw(st.lists(st.integers(0, size - 1), min_size=1, unique=True))
        for dim, size in space.sizes.items()
    }
    other = space.isel(indexers)

    found = covered(read_shard(path, other))
    identity = {tuple(sorted(space.labels(position))): row for row, position in enumerate(positions)}
    expected = {
        position: identity[label]
        for position in range(len(other))
        if (label := tuple(sorted(other.labels(position)))) in identity
    }
    assert found == expected


@given(old=grid_values(max_size=4), new=grid_values(max_size=4))
def test_rows_are_never_read_under_values_of_another_kind(old, new):
    mine, theirs = ek.Space(a=old), ek.Space(a=new)
    found = positions_by_label(theirs, mine, np.arange(old.size))

    for position, label in enumerate(mine.axes["a"].labels):
        where = [i for i, other in enumerate(theirs.axes["a"].labels) if other == label]
        assert [int(found[position])] == (where or [-1])


@pytest.mark.parametrize(
    ("other", "positions"),
    [
        (ek.Space(a=[1, 2], b=[3, 4], c=6), [-1, -1, -1, -1]),
        (ek.Space(a=[1, 2], b=[3, 4]), [-1, -1, -1, -1]),
        (ek.Space(a=[1, 2], b=[3, 4], c=5, d=1), [-1, -1, -1, -1]),
        (ek.Space(a=[1.0, 2.0], b=[3, 4], c=5), [-1, -1, -1, -1]),
        (ek.Space(a=["1", "2"], b=[3, 4], c=5), [-1, -1, -1, -1]),
        (ek.Space(a=[1, 2], b=[3, 4], c=5).repeat(2), [-1, -1, -1, -1]),
        (ek.Space(b=[3, 4], a=[1, 2], c=[4, 5]), [1, 5, 3, 7]),
        (ek.Space(a=[1, 2], b=3, c=5), [0, -1, 1, -1]),
        ((ek.Space(a=[2, 1]) @ ek.Space(b=[4, 3])) * ek.Space(c=5), [1, -1, -1, 0]),
        (ek.Space(a=[1, 2], b=[3, 4], c=5, e=7), [0, 1, 2, 3]),
        (ek.Space(a=[1, 2], b=[3, 4], c=5, e=[6.0, 7.0]), [1, 3, 5, 7]),
        (ek.Space(a=[1, 2], b=[3, 4], c=5, e=8), [-1, -1, -1, -1]),
        (ek.Space(a=ek.param([1, 1], dim="n"), e=ek.param([6, 7], dim="n"), b=3, c=5), [1, -1, -1, -1]),
    ],
)
def test_points_are_found_in_a_space_of_another_structure(other, positions):
    space = ek.Space(a=[1, 2], b=[3, 4], c=5)

    assert positions_by_label(other, space, np.arange(4), {"e": b"int:7"}).tolist() == positions


def test_points_off_a_baseline_are_not_in_a_space_without_the_parameter():
    space = ek.Space(a=[1, 2], e=[6, 7])

    assert positions_by_label(ek.Space(a=[2, 1]), space, np.arange(4), {"e": b"int:7"}).tolist() == [
        -1,
        1,
        -1,
        0,
    ]
    assert positions_by_label(ek.Space(a=[2, 1]), space, np.arange(4)).tolist() == [-1] * 4


def test_parameters_paired_otherwise_share_the_points_that_both_have():
    n, m = {"dim": "n"}, {"dim": "m"}
    space = ek.Space(
        a=ek.param([1, 2], **n), b=ek.param([1, 2], **n), c=ek.param([1, 2], **m), d=ek.param([1, 2], **m)
    )
    other = ek.Space(
        a=ek.param([1, 2], **n), c=ek.param([1, 2], **n), b=ek.param([1, 2], **m), d=ek.param([1, 2], **m)
    )

    assert positions_by_label(other, space, np.arange(4)).tolist() == [0, -1, -1, 3]


@given(
    spaces(max_dims=2, max_size=3),
    spaces(max_dims=2, max_size=3),
    st.dictionaries(st.sampled_from(["a", "b", "p", "q", "fixed", "repetition"]), st.integers(0, 20)),
)
def test_points_are_found_if_and_only_if_their_labels_are_the_same_but_for_baselines(mine, theirs, choice):
    baselines = {}
    for name, position in choice.items():
        for space in (mine, theirs):
            if name in space.parameters:
                labels = canonical(space.parameters[name].values)
                baselines[name] = labels[position % len(labels)]

    def identity(space, position):
        return frozenset(label for label in space.labels(position) if baselines.get(label[0]) != label[1])

    where = {identity(theirs, position): position for position in range(len(theirs))}
    expected = [where.get(identity(mine, position), -1) for position in range(len(mine))]
    assert positions_by_label(theirs, mine, np.arange(len(mine)), baselines).tolist() == expected


@given(space=paired_spaces(["p", "q"]))
def test_repeated_tuples_are_told_apart_by_their_occurrence(fresh, space):
    directory = fresh(space)
    positions = list(range(len(space)))[::-1]
    path = write_batch(directory, space, {position: {"x": 1.0} for position in positions[:2]})

    assert covered(read_shard(path, space)).keys() == set(positions[:2])


def test_a_grid_is_described_by_its_axes_not_by_its_points(tmp_path):
    space = ek.Space(a=range(100), b=range(100))
    directory = make_study(tmp_path, space)
    path = write_batch(directory, space, {p: {"x": 1.0} for p in range(10_000)})

    with netCDF4.Dataset(path) as file:
        assert {dim: len(file.dimensions[dim]) for dim in ("a", "b")} == {"a": 100, "b": 100}
        assert "position" not in file["runs"].variables


def test_rows_whose_ends_fit_a_range_but_whose_order_does_not_are_told_apart(tmp_path):
    space = ek.Space(a=range(4))
    directory = make_study(tmp_path, space)
    path = write_batch(directory, space, {position: {"x": float(position)} for position in (0, 2, 1, 3)})

    assert covered(read_shard(path, space)) == {0: 0, 2: 1, 1: 2, 3: 3}


def test_points_after_a_stranger_are_found():
    space, wider = ek.Space(a=[1, 2]), ek.Space(a=[0, 1, 2])

    assert positions_by_label(space, wider, np.arange(3)).tolist() == [-1, 0, 1]


def test_points_after_a_stranger_are_kept(tmp_path):
    wider = ek.Space(a=[0, 1, 2])
    directory = make_study(tmp_path, wider)
    path = write_batch(directory, wider, {p: {"x": float(p)} for p in range(3)})

    assert covered(read_shard(path, ek.Space(a=[1, 2]))) == {0: 1, 1: 2}


# ---- the header


def test_headers_come_back_from_their_text(tmp_path):
    space = ek.Space(a=range(6))
    directory = make_study(tmp_path, space)
    results = {
        0: {"x": 1, "v": [1.0], "s": "é"},
        1: Failed("no"),
        2: {"x": 2.5, "v": [1.0, 2.0], "s": "abc"},
        5: {"x": 1, "v": [], "s": ""},
    }
    path = write_batch(directory, space, results)
    header, _, _ = read_header(path)

    assert Header.from_json(header.to_json()) == header
    assert header.status_runs == ((0, 1, OK), (1, 2, FAILED), (2, 4, OK))
    assert header.ragged == ("v_dim",)
    assert header.sizes == {"v_dim": 2}
    assert header.outputs["x"].field.dtype == "<f8"
    assert header.outputs["v"].field.dims == ("v_dim",)


def test_many_alternating_statuses_are_kept_outside_of_the_text(tmp_path):
    n = 2500
    space = ek.Space(a=range(n))
    directory = make_study(tmp_path, space)
    path = write_batch(directory, space, {p: Failed("odd") if p % 2 else {"x": p} for p in range(n)})
    header, _, _ = read_header(path)

    assert json.loads(header.to_json())["status_runs"] is None
    assert len(header.status_runs) == n
    assert len(read_shard(path, space).stretches) == n


def test_failures_keep_their_texts_and_equal_tracebacks_once(tmp_path):
    space = ek.Space(a=range(4))
    directory = make_study(tmp_path, space)
    path = write_batch(
        directory, space, {0: Failed("first, é\n"), 1: {"x": 1}, 2: Failed(""), 3: Failed("bytes \udcff")}
    )
    with netCDF4.Dataset(path) as file:
        failures = read_failures(file)
        assert len(file["failures"].dimensions["trace"]) == 1

    assert [(f.row, f.error, f.message) for f in failures] == [
        (0, "Failed", "first, é\n"),
        (2, "Failed", ""),
        (3, "Failed", "bytes \\udcff"),
    ]


def test_a_batch_of_failures_alone_is_a_shard(tmp_path):
    space = ek.Space(a=range(2))
    directory = make_study(tmp_path, space)
    shard = read_shard(write_batch(directory, space, {0: Failed("a"), 1: Failed("b")}), space)

    assert shard.stretches.tolist() == [[0, 2, 0, FAILED]]


def test_the_smallest_study_is_a_shard(tmp_path):
    directory = make_study(tmp_path, ek.Space())

    assert covered(read_shard(write_batch(directory, ek.Space(), {0: {"x": 1}}), ek.Space())) == {0: 0}


# ---- names that meet in one file


def test_dimensions_may_have_the_names_that_text_would_have(tmp_path):
    space = Space(string3=[1, 2], name=["abc", "d"])
    directory = make_study(tmp_path, space)
    import xarray as xr

    texts = xr.DataArray(["abcde", "f"], dims="string5")
    path = write_batch(directory, space, {0: {"t": texts, "u": "abcde"}, 3: {"t": texts, "u": "x"}})

    assert covered(read_shard(path, space)) == {0: 0, 3: 1}


# ---- damage


@pytest.fixture
def good(tmp_path):
    space = ek.Space(a=np.linspace(0.1, 0.9, 8), b=3.25)
    directory = make_study(tmp_path / "study", space)
    results = {p: {"x": 0.1 * p + 1 / 3} for p in (0, 2, 3, 5)}
    return write_batch(directory, space, results), space


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_shard_is_an_error_that_names_the_file(good, kept):
    path, space = good
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])

    with pytest.raises(ShardError, match="is damaged or is not a shard") as caught:
        read_shard(path, space)
    assert path.name in str(caught.value)


def test_garbage_and_other_netcdf_files_are_no_shards(good, tmp_path):
    _, space = good
    (tmp_path / "garbage.nc").write_bytes(b"garbage" * 1000)
    with netCDF4.Dataset(tmp_path / "other.nc", "w") as file:
        file.createDimension("x", 3)
    with netCDF4.Dataset(tmp_path / "half.nc", "w") as file:
        file.setncattr("explorekit", "{}")

    for name in ("garbage.nc", "other.nc", "half.nc", "missing.nc"):
        with pytest.raises(ShardError):
            read_shard(tmp_path / name, space)


def test_flipped_labels_are_an_error(good):
    path, space = good
    flip_bytes_of(path, space.parameters["a"].values[[0, 2, 3, 5]].tobytes())

    with pytest.raises(ShardError):
        read_shard(path, space)


@pytest.mark.parametrize(
    "change",
    [
        lambda h: {**h, "format": 99},
        lambda h: {**h, "size": 7},
        lambda h: {**h, "span": [0, 99]},
        lambda h: {**h, "span": [4, 8]},
        lambda h: {**h, "status_runs": [[0, 2, 1]]},
        lambda h: {k: v for k, v in h.items() if k != "origin"},
        lambda h: {**h, "outputs": []},
        lambda h: [],
    ],
)
def test_a_header_that_contradicts_its_file_is_an_error(good, change):
    path, space = good
    with netCDF4.Dataset(path, "a") as file:
        file.setncattr("explorekit", json.dumps(change(json.loads(file.getncattr("explorekit")))))

    with pytest.raises(ShardError):
        read_shard(path, space)
