"""The Gray-Scott model: two substances that diffuse, react, and form patterns."""

import numpy as np
import xarray as xr

DIFFUSION_U = 0.16
DIFFUSION_V = 0.08


def gray_scott(feed: float, kill: float, steps: int = 6000, size: int = 128) -> xr.Dataset:
    """Concentrations of U and V after `steps` unit time steps, and what their pattern is like.

    The reaction ``U + 2V -> 3V`` runs on a periodic square. U is fed at the rate `feed`, and V is
    removed at the rate ``feed + kill`` (J. E. Pearson, Complex Patterns in a Simple System,
    Science 261, 1993). Every call starts from the same state.

    Parameters
    ----------
    feed
        Rate at which U flows in.
    kill
        Rate at which V decays, over and above the outflow.
    steps
        Number of time steps.
    size
        Cells along each side.

    Returns
    -------
    xarray.Dataset
        The final fields ``U`` and ``V`` (y, x), the mean and the variance of V,
        and its mean wavenumber (NaN where V is uniform).
    """
    u, v = initial_state(size)
    for _ in range(steps):
        u, v = step(u, v, feed, kill)
    x = xr.Variable("x", np.arange(size), {"long_name": "column"})
    y = xr.Variable("y", np.arange(size), {"long_name": "row"})
    return xr.Dataset(
        {
            "U": (("y", "x"), u, {"long_name": "concentration of U"}),
            "V": (("y", "x"), v, {"long_name": "concentration of V"}),
            "mean_V": ((), v.mean(), {"long_name": "mean of V"}),
            "variance_V": ((), v.var(), {"long_name": "variance of V"}),
            "wavenumber": (
                (),
                mean_wavenumber(v),
                {"long_name": "mean wavenumber of V, cycles per cell"},
            ),
        },
        coords={"y": y, "x": x},
    )


def initial_state(size: int) -> tuple[np.ndarray, np.ndarray]:
    """U everywhere, with small squares of V at fixed places, and a trace of fixed noise."""
    generator = np.random.default_rng(1993)
    u = np.ones((size, size))
    v = np.zeros((size, size))
    side = max(2, size // 16)
    for row, column in generator.integers(0, size, size=(16, 2)):
        square = np.ix_(np.arange(row, row + side) % size, np.arange(column, column + side) % size)
        u[square] = 0.5
        v[square] = 0.25
    noise = 0.01 * generator.random((size, size))
    return u - noise, v + noise


def step(u: np.ndarray, v: np.ndarray, feed: float, kill: float) -> tuple[np.ndarray, np.ndarray]:
    """Advance both concentrations by one unit of time (explicit Euler)."""
    reaction = u * v * v
    new_u = u + DIFFUSION_U * laplacian(u) - reaction + feed * (1.0 - u)
    new_v = v + DIFFUSION_V * laplacian(v) + reaction - (feed + kill) * v
    return new_u, new_v


def laplacian(field: np.ndarray) -> np.ndarray:
    """Five-point Laplacian on a periodic square of unit cells."""
    neighbours = np.roll(field, 1, axis=0) + np.roll(field, -1, axis=0)
    neighbours += np.roll(field, 1, axis=1) + np.roll(field, -1, axis=1)
    return neighbours - 4.0 * field


def mean_wavenumber(field: np.ndarray) -> float:
    """Mean spatial frequency, weighted by power, in cycles per cell; NaN for a uniform field."""
    if np.ptp(field) < 1e-6:
        return float("nan")
    power = np.abs(np.fft.fft2(field - field.mean())) ** 2
    rows, columns = (np.fft.fftfreq(n) for n in field.shape)
    frequency = np.hypot(rows[:, np.newaxis], columns)
    return float((frequency * power).sum() / power.sum())
