"""The whole first study, through the cluster and the file, against a straightforward loop, to the last bit."""

import numpy as np
import xarray as xr
from neuron import fi_curve

import explorekit as ek

CURRENTS = np.linspace(0.0, 1.01, 50)
PERIODS = [5.0, 7.5, 10.0]


def loop(current, tau_ref):
    """Rate and potential, step by step: integrate where not refractory; on reaching 1 count a spike and reset."""
    potential, wait, spikes, trace = 0.0, 0, 0, [0.0]
    while len(trace) < 10_000:
        if wait > 0:
            wait -= 1
        else:
            potential = potential + 0.1 * (-potential / 10.0 + current)
        if potential >= 1.0:
            spikes, potential, wait = spikes + 1, 0.0, round(tau_ref / 0.1)
        trace.append(potential)
    return spikes / 1.0, trace  # in one second


def test_rates_and_traces_agree_with_a_straightforward_loop_to_the_last_bit(tmp_path):
    study = ek.Study(fi_curve, ek.Space(I=CURRENTS, tau_ref=PERIODS), tmp_path / "fi_curve", seed=1)
    study.run(False, n_workers=2)
    study.to_netcdf(tmp_path / "fi_curve.nc")
    with xr.open_dataset(tmp_path / "fi_curve.nc") as kept:
        for results in (study.results, kept):
            rate, potential = results["rate"].values, results["V"].values
            for i, current in enumerate(CURRENTS.tolist()):
                for j, tau_ref in enumerate(PERIODS):
                    expected_rate, expected_trace = loop(current, tau_ref)
                    assert rate[i, j].tobytes() == np.float64(expected_rate).tobytes()
                    assert potential[i, j].tobytes() == np.array(expected_trace).tobytes()
