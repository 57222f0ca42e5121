"""Examples on pages of the documentation are run where the documentation is built; a wrong one is an error."""

from pathlib import Path

import pytest

from docs.doctested import run_examples

PAGE = """# A page

`````{list-table}
* - ```python
    old(1)
    ```
  - ```pycon
    >>> doubled = 2 * n
    >>> doubled
    SHOWN
    ```
    With a remark.
`````
"""


def test_examples_in_tables_are_run_one_after_the_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("SHOWN", "6"))
    assert run_examples(page, {"n": 3}) == 2


def test_an_example_that_shows_something_else_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("SHOWN", "7"))
    with pytest.raises(AssertionError, match=r"line 9[\s\S]*Expected:\s+7\s+Got:\s+6"):
        run_examples(page, {"n": 3})


def test_a_page_whose_examples_are_not_found_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n")
    with pytest.raises(AssertionError, match="has no examples"):
        run_examples(page, {})


def test_every_page_with_examples_in_tables_runs_them() -> None:
    for page in Path(__file__).parents[1].joinpath("docs").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert (">>> " in text) == (f'run_examples("{page.name}", globals())' in text), page
