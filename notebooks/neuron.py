"""A leaky integrate-and-fire neuron under a constant current."""

import numpy as np
import xarray as xr


def fi_curve(
    I: float,  # noqa: E741
    tau_ref: float,
    tau_V: float = 10.0,
    dt: float = 0.1,
    duration: float = 1000.0,
) -> dict[str, xr.DataArray]:
    """Firing rate and membrane potential of a leaky integrate-and-fire neuron.

    The potential follows ``dV/dt = I - V / tau_V``, integrated by Euler steps from ``V = 0``.
    Where it reaches 1, the neuron fires; it is then held at 0 for the refractory period.
    Without a threshold the potential would settle at ``I * tau_V``, so the neuron fires
    only above ``I = 1 / tau_V``, where the exact rate is
    ``1 / (tau_ref + tau_V * log(I * tau_V / (I * tau_V - 1)))``.

    Parameters
    ----------
    I
        Input current, in thresholds per millisecond.
    tau_ref
        Refractory period, in ms.
    tau_V
        Membrane time constant, in ms.
    dt
        Time step, in ms.
    duration
        Simulated time, in ms.

    Returns
    -------
    dict
        ``rate``, spikes a second, and ``V``, the potential over ``time``.
    """
    steps = round(duration / dt)
    refractory_steps = round(tau_ref / dt)
    trace = np.zeros(steps)
    potential = 0.0
    spikes = 0
    free_at = 0  # the first step that integrates again
    for step in range(1, steps):
        if step > free_at:
            potential += dt * (I - potential / tau_V)
        if potential >= 1.0:
            spikes += 1
            potential = 0.0
            free_at = step + refractory_steps
        trace[step] = potential

    time = xr.Variable("time", dt * np.arange(steps), {"units": "ms", "long_name": "time"})
    return {
        "rate": xr.DataArray(1000.0 * spikes / duration, attrs={"units": "Hz", "long_name": "firing rate"}),
        "V": xr.DataArray(
            trace,
            dims="time",
            coords={"time": time},
            attrs={"long_name": "membrane potential"},
        ),
    }
