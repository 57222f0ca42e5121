"""What a run may be asked for. Each option is explained, with its default, at `explorekit.Study.start`."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from explorekit.adopting import OnChange, check_choice
from explorekit.errors import StudyError, listing, suggest
from explorekit.simulation.declare import Simulation, check_timeout
from explorekit.space import Space

if TYPE_CHECKING:
    from distributed import Client

    from explorekit.engine.deadline import Deadline
    from explorekit.engine.messages import Policy

OnError = Literal["record", "raise"]
Order = Literal["given", "coarse-to-fine"]


class RunOptions(TypedDict, total=False):
    """What `Study.start` takes by keyword, but for the part that is run."""

    n_workers: int | None
    dashboard: bool
    code: OnChange | None
    errors: OnError
    retries: int
    timeout: float | None
    max_time: float | None
    until: datetime | None
    order: Order


class PartOptions(RunOptions, total=False):
    """What `Study.start` and `Study.run` take by keyword."""

    where: Space | Mapping[str, Any] | None


@dataclass(frozen=True)
class Request:
    """What a run is asked for, looked at as far as it can be without the study's directory.

    Parameters
    ----------
    client
        Where it runs, or None for a private cluster.
    n_workers, dashboard
        Of the private cluster.
    where
        The part to run, or None for all.
    code
        What to do if the code has changed.
    policy
        What to do about runs that fail.
    end
        When the run has to end, or None.
    order
        Of the points.
    """

    client: "Client | None"
    n_workers: int | None
    dashboard: bool
    where: Space | Mapping[str, Any] | None
    code: OnChange | None
    policy: "Policy"
    end: "Deadline | None"
    order: Order


def request_of(
    client: "Client | Literal[False] | None", simulation: Simulation, options: PartOptions
) -> Request:
    """Return what a run is asked for.

    Raises
    ------
    TypeError
        If there is no such option.
    SimulationError
        If `timeout` is no positive number.
    StudyError
        If another option has a value that it cannot have.
    """
    from explorekit.engine.deadline import deadline

    known = PartOptions.__annotations__
    if unknown := [name for name in options if name not in known]:
        raise TypeError(
            f"got an unexpected keyword argument {unknown[0]!r}; expected some of {listing(known, len(known))}."
            f"{suggest(unknown[0], known)}"
        )
    n_workers, dashboard = options.get("n_workers"), options.get("dashboard", False)
    if n_workers is not None:
        n_workers = whole_number("n_workers", n_workers, 1)
    order = options.get("order", "given")
    if order not in ("given", "coarse-to-fine"):
        raise StudyError(f"got order={order!r}; expected 'given' or 'coarse-to-fine'.")
    timeout = options.get("timeout")
    policy = _policy_of(
        options.get("errors", "record"),
        options.get("retries", 0),
        simulation.timeout if timeout is None else timeout,
    )
    end = deadline(options.get("max_time"), options.get("until"))
    chosen = client_of(client)
    if dashboard and chosen is not None:
        raise StudyError(
            "got dashboard=True and a client; explorekit serves the dashboard of its private cluster only. "
            "Yours is at client.dashboard_link; client=False asks for the private cluster."
        )
    code = options.get("code")
    check_choice(code)
    return Request(chosen, n_workers, dashboard, options.get("where"), code, policy, end, order)


def client_of(given: "Client | Literal[False] | None") -> "Client | None":
    """Return the user's client, or None for a private cluster."""
    if given is False:
        return None
    if given is None:
        if "distributed" not in sys.modules:
            return None
        cluster = importlib.import_module("explorekit.engine.cluster")
        return cluster.active_client()  # type: ignore[no-any-return]
    if not hasattr(given, "submit") or not hasattr(given, "register_plugin"):
        raise StudyError(
            f"got {given!r} as client; expected a distributed.Client, None, or False for a private cluster."
        )
    return given


def _policy_of(errors: Any, retries: Any, timeout: float | None) -> "Policy":
    """Return what to do about runs that fail, as the user asked."""
    from explorekit.engine.messages import Policy

    if errors not in ("record", "raise"):
        raise StudyError(f"got errors={errors!r}; expected 'record' or 'raise'.")
    check_timeout(timeout)
    return Policy(whole_number("retries", retries, 0), timeout, errors == "raise")


def whole_number(name: str, given: object, least: int) -> int:
    """Return what is given under a name, of NumPy too, as an int, or raise `StudyError`."""
    if isinstance(given, bool) or not isinstance(given, Integral) or given < least:
        raise StudyError(f"got {name}={given!r}; expected a whole number of at least {least}.")
    return int(given)
