"""How a space shows itself in a notebook."""

import math
from html import escape
from typing import TYPE_CHECKING

from explorekit.space.pictures import picture_of_distribution, picture_of_values

if TYPE_CHECKING:
    from explorekit.space.derived import Derived, Formula
    from explorekit.space.distributions import RandomVariable
    from explorekit.space.parameter import Parameter
    from explorekit.space.space import Space

_STYLE = (
    "<style>.explorekit-space table{border-collapse:collapse;margin:.3em 0}"
    ".explorekit-space td,.explorekit-space th{padding:.15em .8em;text-align:left!important;vertical-align:top}"
    ".explorekit-space svg{vertical-align:middle;fill:none}"
    ".explorekit-space .explorekit-muted{opacity:.65}</style>"
)


def headline(space: "Space") -> str:
    """Return the number of points and how it comes about: ``150 points = I (50) × tau (3)``."""
    if space.distributions:
        return " × ".join([*(f"{dim} ({size})" for dim, size in space.sizes.items()), "sample (?)"])
    number = math.prod(space.shape)  # of which `len` may be too small to tell
    count = f"{number:,} point{'s' if number != 1 else ''}"
    if not space.dims:
        return count
    return f"{count} = " + " × ".join(f"{dim} ({size})" for dim, size in space.sizes.items())


def table(space: "Space") -> str:
    """Return the parameters as an HTML table, one row each."""
    rows = "".join(_row(parameter) for parameter in space.parameters.values())
    rows += "".join(_row(variable) for variable in space.distributions.values())
    rows += "".join(_derived_row(one) for one in space.derived.values())
    rows += "".join(_waiting_row(formula) for formula in space.waiting.values())
    return (
        f'{_STYLE}<div class="explorekit-space"><b>Space</b>: {escape(headline(space))}'
        f"<table><thead><tr><th>parameter</th><th>values</th><th>units</th><th></th><th>number</th><th>varies along</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _derived_row(one: "Derived") -> str:
    """Return a row with the values of a derived parameter, and what it is computed from."""
    along = " × ".join(one.dims)
    cells = [
        _name(one) + _muted(f"from {', '.join(one.formula.of)}"),
        escape(one.summary(6)),
        escape(str(one.attrs.get("units", ""))),
        picture_of_values(one),
        f"{one.values.size:,}",
        escape(along) if along else '<span class="explorekit-muted">fixed</span>',
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _waiting_row(formula: "Formula") -> str:
    units = escape(str(formula.attrs.get("units", "")))
    muted = '<span class="explorekit-muted">not drawn yet</span>'
    name = _name(formula) + _muted(f"from {', '.join(formula.of)}")
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in (name, "", units, "", "", muted)) + "</tr>"


def _name(parameter: "Parameter | RandomVariable | Derived | Formula") -> str:
    long_name = parameter.attrs.get("long_name")
    name = f"<b>{escape(parameter.name)}</b>"
    return name + _muted(str(long_name)) if long_name and str(long_name) != parameter.name else name


def _muted(text: str) -> str:
    return f'<br><span class="explorekit-muted">{escape(text)}</span>'


def _row(parameter: "Parameter | RandomVariable") -> str:
    from explorekit.space.distributions import RandomVariable

    name, units = _name(parameter), escape(str(parameter.attrs.get("units", "")))
    if isinstance(parameter, RandomVariable):
        muted = '<span class="explorekit-muted">not drawn yet</span>'
        cells = [
            name,
            escape(str(parameter.distribution)),
            units,
            picture_of_distribution(parameter),
            "",
            muted,
        ]
        return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    cells = [
        name,
        escape(parameter.summary(6)),
        units,
        picture_of_values(parameter),
        f"{parameter.values.size:,}" if parameter.dim else "1",
        escape(parameter.dim) if parameter.dim else '<span class="explorekit-muted">fixed</span>',
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
