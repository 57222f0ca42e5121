"""Runs the examples on a page, so that a page does not build whose lines do not do what it says."""

import doctest
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_examples(page: str | Path, names: Mapping[str, Any]) -> int:
    """Run all lines of a page that have a prompt, one after the other, and compare what they show with what stands below them.

    Parameters
    ----------
    page
        A file of Markdown, the code of which may be anywhere: in tables too.
    names
        What the code finds beside what it defines itself.

    Returns
    -------
    int
        How many examples there were.

    Raises
    ------
    AssertionError
        If one shows something else, with its line; or if there are none.
    """
    # A fence ends what is shown, as an empty line does; its line stays, so that lines are counted as in the page.
    text = re.sub(r"^[ *-]*(`{3,}|:{3,}).*$", "", Path(page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, dict(names), str(page), str(page), 0)
    report: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS).run(examples, out=report.append)
    if outcome.failed or not outcome.attempted:
        raise AssertionError("".join(report) or f"{page} has no examples")
    return outcome.attempted
