"""How outputs are to lie in files is asked for in xarray's words; what does not fit is refused with a reason."""

import numpy as np
import pytest

import explorekit as ek
from explorekit.errors import OutputError, SimulationError
from explorekit.simulation.encoding import check_available
from explorekit.simulation.outputs import outputs_of


def test_words_of_xarray_are_kept():
    words = {"compression": "zlib", "complevel": 1, "chunksizes": (10,), "shuffle": True}

    assert ek.simulation(lambda: 1, encoding={"V": words}).encoding == {"V": {**words, "chunksizes": [10]}}


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("zstd", "expected a dict by output"),
        ({"V": "zstd"}, "expected a dict of xarray's words"),
        ({"V": {"compresion": "zstd"}}, "Did you mean 'compression'"),
        ({"V": {"dtype": "float32"}}, "got 'dtype' in the encoding of 'V'; expected one of"),
        ({"V": {"compression": "rar"}}, "got compression='rar' in the encoding of 'V'; expected one of zlib"),
        ({"V": {"compression": "blosc_lz4"}}, "got compression='blosc_lz4' .* expected one of zlib"),
        ({"V": {"complevel": -1}}, "complevel=-1"),
        ({"V": {"complevel": 10}}, "got complevel=10 in the encoding of 'V'; zlib takes 0 to 9"),
        ({"V": {"compression": "bzip2", "complevel": 10}}, "bzip2 takes 0 to 9"),
        ({"V": {"compression": "zstd", "complevel": 23}}, "zstd takes 0 to 22"),
        ({"V": {"complevel": True}}, "complevel=True"),
        ({"V": {"chunksizes": 10}}, "chunksizes=10"),
        ({"V": {"chunksizes": (0,)}}, "a length of at least 1 for each dimension"),
        ({"V": {"significant_digits": 0}}, "an int from 1 to 15"),
        ({"V": {"least_significant_digit": 400}}, "an int from 0 to 300"),
        ({"V": {"contiguous": True, "compression": "zlib"}}, "only chunks can be compressed"),
    ],
)
def test_what_does_not_fit_is_refused(encoding, named):
    with pytest.raises(SimulationError, match=named):
        ek.simulation(lambda: 1, encoding=encoding)


def test_chunks_are_given_for_every_dimension():
    simulation = ek.simulation(lambda: 1, encoding={"V": {"chunksizes": (10,)}})

    outputs_of({"V": np.zeros(3)}, simulation, frozenset())
    with pytest.raises(OutputError, match="Give one length for each dimension"):
        outputs_of({"V": np.zeros((3, 3))}, simulation, frozenset())


def test_a_compression_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("netCDF4.__has_zstandard_support__", 0)

    check_available({"V": {"compression": "zlib"}, "W": {"zlib": True}}, SimulationError)
    with pytest.raises(SimulationError, match="the netCDF library here lacks"):
        check_available({"V": {"compression": "zstd"}}, SimulationError)
