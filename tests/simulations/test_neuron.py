"""The integrate-and-fire neuron against closed forms that share no code with it."""

import math

import numpy as np
import pytest
from neuron import fi_curve


def euler_steps_to_threshold(current: float, tau: float, dt: float) -> int:
    """Euler steps from 0 to 1, from the closed form V[n] = I tau (1 - (1 - dt/tau)^n)."""
    return math.ceil(math.log1p(-1.0 / (current * tau)) / math.log1p(-dt / tau) - 1e-9)


def analytic_rate(current: float, tau_ref: float, tau: float) -> float:
    """Spikes a second of the neuron in continuous time."""
    drive = current * tau
    return 1000.0 / (tau_ref + tau * math.log(drive / (drive - 1.0)))


@pytest.mark.parametrize("tau_ref", [0.0, 5.0, 7.5, 10.0])
@pytest.mark.parametrize("current", [0.12, 0.35, 0.7, 1.01])
def test_spikes_as_often_as_the_closed_form_of_the_euler_scheme(current, tau_ref):
    interval = euler_steps_to_threshold(current, 10.0, 0.1) + round(tau_ref / 0.1)
    first = euler_steps_to_threshold(current, 10.0, 0.1)
    spikes = 1 + (9999 - first) // interval

    assert fi_curve(current, tau_ref)["rate"] == spikes


@pytest.mark.parametrize("tau_ref", [5.0, 7.5, 10.0])
@pytest.mark.parametrize("current", [0.11, 0.2, 0.5, 1.0])
def test_rate_approaches_the_analytic_curve_as_the_step_shrinks(current, tau_ref):
    rate = fi_curve(current, tau_ref, dt=0.01, duration=4000.0)["rate"]

    counting = 1000.0 / 4000.0  # one spike more or less
    assert rate == pytest.approx(analytic_rate(current, tau_ref, 10.0), rel=0.005, abs=counting)


@pytest.mark.parametrize("current", [0.0, 0.05, 0.099])
def test_is_silent_below_threshold_and_settles_where_the_current_balances_the_leak(current):
    output = fi_curve(current, 5.0)

    assert output["rate"] == 0.0
    assert output["V"][-1] == pytest.approx(current * 10.0)


def test_subthreshold_potential_relaxes_exponentially():
    potential = fi_curve(0.08, 5.0, dt=0.01, duration=50.0)["V"]

    expected = 0.8 * (1.0 - np.exp(-potential["time"] / 10.0))
    np.testing.assert_allclose(potential, expected, atol=5e-4)


def test_potential_rests_at_zero_for_the_refractory_period_after_each_spike():
    potential = fi_curve(0.5, 5.0)["V"].values

    spikes = np.flatnonzero((potential[1:] == 0.0) & (potential[:-1] > 0.0)) + 1
    assert len(spikes) > 10
    for spike in spikes[:-1]:
        assert (potential[spike : spike + 51] == 0.0).all()
        assert potential[spike + 51] > 0.0
    assert (potential >= 0.0).all()
    assert (potential < 1.0).all()


def test_a_refractory_period_beyond_the_end_leaves_one_spike():
    assert fi_curve(1.0, 1e6)["rate"] == 1.0


def test_matches_a_textbook_loop():
    dt, tau = 0.1, 10.0
    potential, clock, countdown, spikes = 0.0, 1, 0, 0
    while clock < 10_000:
        if countdown:
            countdown -= 1
        else:
            potential = potential * (1 - dt / tau) + dt * 0.42
        if potential >= 1.0:
            potential, countdown, spikes = 0.0, 75, spikes + 1
        clock += 1

    assert fi_curve(0.42, 7.5)["rate"] == spikes


def test_outputs_carry_time_and_units():
    output = fi_curve(0.3, 5.0, dt=0.5, duration=20.0)

    np.testing.assert_allclose(output["V"]["time"], np.arange(40) * 0.5)
    assert output["V"]["time"].attrs["units"] == "ms"
    assert output["rate"].attrs["units"] == "Hz"
