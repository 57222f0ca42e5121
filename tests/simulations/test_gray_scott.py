"""Gray-Scott against a plain loop over cells, and against what the equations conserve."""

import numpy as np
import pytest
from gray_scott import gray_scott, initial_state, laplacian, mean_wavenumber, step


def step_by_loops(u, v, feed, kill):
    """One Euler step, cell by cell."""
    size = len(u)
    new_u, new_v = np.empty_like(u), np.empty_like(v)
    for i in range(size):
        for j in range(size):
            around = [((i + 1) % size, j), ((i - 1) % size, j), (i, (j + 1) % size), (i, (j - 1) % size)]
            spread_u = sum(u[cell] for cell in around) - 4 * u[i, j]
            spread_v = sum(v[cell] for cell in around) - 4 * v[i, j]
            reaction = u[i, j] * v[i, j] ** 2
            new_u[i, j] = u[i, j] + 0.16 * spread_u - reaction + feed * (1 - u[i, j])
            new_v[i, j] = v[i, j] + 0.08 * spread_v + reaction - (feed + kill) * v[i, j]
    return new_u, new_v


def test_matches_a_loop_over_cells():
    u, v = initial_state(16)
    for _ in range(20):
        u, v = step_by_loops(u, v, 0.035, 0.06)

    fields = gray_scott(0.035, 0.06, steps=20, size=16)

    np.testing.assert_allclose(fields["U"], u, rtol=1e-12)
    np.testing.assert_allclose(fields["V"], v, rtol=1e-12)


def test_laplacian_of_a_wave_is_its_eigenvalue_times_the_wave():
    angle = 2 * np.pi * 3 * np.arange(32) / 32
    wave = np.cos(angle)[:, np.newaxis] * np.ones(32)

    np.testing.assert_allclose(laplacian(wave), (2 * np.cos(angle[1]) - 2) * wave, atol=1e-12)


def test_without_feed_and_removal_the_total_amount_is_conserved():
    u, v = initial_state(32)
    total = (u + v).sum()
    for _ in range(200):
        u, v = step(u, v, 0.0, 0.0)

    assert (u + v).sum() == pytest.approx(total, rel=1e-12)


def test_concentrations_stay_within_their_bounds():
    fields = gray_scott(0.03, 0.06, steps=1500, size=64)

    assert (fields["U"] >= 0).all()
    assert (fields["U"] <= 1).all()
    assert (fields["V"] >= 0).all()
    assert (fields["V"] <= 1).all()


def test_a_pattern_forms_at_feed_038_kill_060():
    fields = gray_scott(0.038, 0.06, steps=3000, size=64)

    assert fields["variance_V"] > 0.005
    assert 1 / 16 < fields["wavenumber"] < 1 / 8  # stripes 8 to 16 cells apart


def test_v_dies_out_where_it_decays_too_fast():
    fields = gray_scott(0.014, 0.065, steps=3000, size=64)

    assert fields["mean_V"] < 1e-6
    assert np.isnan(fields["wavenumber"])


def test_the_uniform_state_solves_the_equations_without_diffusion():
    feed, kill = 0.054, 0.049
    fields = gray_scott(feed, kill, steps=4000, size=64)

    u, v = float(fields["U"].mean()), float(fields["mean_V"])
    assert fields["variance_V"] < 1e-8
    assert u * v == pytest.approx(feed + kill, rel=1e-6)
    assert feed * (1 - u) == pytest.approx((feed + kill) * v, rel=1e-6)


def test_every_call_gives_the_same_numbers():
    first, second = (gray_scott(0.04, 0.06, steps=50, size=32) for _ in range(2))

    assert first.identical(second)


def test_statistics_describe_the_field():
    fields = gray_scott(0.04, 0.06, steps=200, size=32)

    assert fields["mean_V"] == fields["V"].values.mean()
    assert fields["variance_V"] == fields["V"].values.var()
    assert fields["V"].dims == ("y", "x")
    assert fields["V"].attrs["long_name"] == "concentration of V"


def test_wavenumber_of_a_plane_wave_is_its_frequency():
    wave = np.sin(2 * np.pi * 5 * np.arange(64) / 64) * np.ones((64, 1))

    assert mean_wavenumber(wave) == pytest.approx(5 / 64)
