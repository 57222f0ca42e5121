"""How Sphinx builds this documentation; nothing is fetched from the network."""

import hashlib
import shutil
from pathlib import Path

import explorekit

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "explorekit"
author = "The explorekit developers"
project_copyright = author
version = release = explorekit.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
]
exclude_patterns = [
    "_build",
    "_templates",
    "studies",
    "notebooks/studies",
    "benchmarks_table.md",
    "**/.ipynb_checkpoints",
]
templates_path = ["_templates"]
default_role = "code"

# -- the notebooks, executed beside the simulations that they import ----------------------------

NOTEBOOKS = DOCS / "notebooks"


def copy_notebooks() -> None:
    """Start from fresh copies, without the studies of an earlier build."""
    for leftover in (NOTEBOOKS, DOCS / "studies"):
        shutil.rmtree(leftover, ignore_errors=True)
    NOTEBOOKS.mkdir()
    for path in [*(ROOT / "notebooks").glob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]:
        shutil.copy(path, NOTEBOOKS)


def fingerprint() -> str:
    """Digest of all code that the outputs of the notebooks depend on."""
    digest = hashlib.sha256()
    sources = [*(ROOT / "explorekit").rglob("*.py"), *(ROOT / "notebooks").glob("*.py")]
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


copy_notebooks()

nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "executed" / fingerprint())
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_excludepatterns: list[str] = []
nb_merge_streams = True
# A widget needs a kernel, and its JavaScript a network: on a page stands the picture that it showed.
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

# -- the reference, from docstrings -------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"  # signatures show them; numpydoc sections say what they mean
numpydoc_show_class_members = False
numpydoc_validation_checks = {"SS01", "PR02", "PR03"}

# -- the pages ----------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "pydata_sphinx_theme"
html_title = "explorekit"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
copybutton_prompt_text = r">>> |\.\.\. "  # of examples the lines of code alone are copied
copybutton_prompt_is_regexp = True
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {
    page: []
    for page in ("index", "notebooks/quickstart", "gallery", "benchmarks", "changelog", "coming_from_*")
}
html_theme_options = {"show_prev_next": False, "navbar_align": "left", "show_toc_level": 2}
