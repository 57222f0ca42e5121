"""Values that carry units: the quantities of pint, told by what they offer, so that nobody needs pint installed."""

from typing import Any

from explorekit.errors import SpaceError


def is_quantity(given: Any) -> bool:
    """Return whether something is a quantity of pint."""
    return hasattr(given, "magnitude") and hasattr(given, "units") and hasattr(given, "dimensionality")


def without_units(name: str, given: Any) -> tuple[Any, dict[str, str]]:
    """Return the magnitudes of a quantity, or of a list of quantities, exactly as they are, and the attribute ``units``.

    Anything else comes back as it is, without an attribute.

    Raises
    ------
    SpaceError
        If a list has several units.
    """
    if is_quantity(given):
        return given.magnitude, _attribute(given.units)
    if isinstance(given, (list, tuple)) and given and any(map(is_quantity, given)):
        units = {str(getattr(one, "units", "no units")): one for one in given}
        if len(units) > 1 or not all(map(is_quantity, given)):
            raise SpaceError(
                f"parameter {name!r} has values in {', '.join(units)}; expected one unit. Convert them: value.to({next(iter(units))!r})."
            )
        return [one.magnitude for one in given], _attribute(given[0].units)
    return given, {}


def _attribute(units: Any) -> dict[str, str]:
    text = format(units, "~C")  # short, and of ASCII where it can be: ms, m/s**2, as UDUNITS reads them
    return {"units": text} if text else {}
