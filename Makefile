# A machine with Python 3.11 or later, make and pip's package index is enough for every target.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BROWSER ?= yes
PYTEST_FLAGS ?=
BENCH_FLAGS ?=
CHAOS_FLAGS ?=
SPHINX_FLAGS ?=

IN_BROWSER := $(if $(filter no,$(BROWSER)),,in-browser)
INSTALLING := $(addprefix tests/,benchmarks binder)
SIDE_BY_SIDE := $(filter-out tests/browser $(INSTALLING),$(patsubst %/,%,$(wildcard tests/*/ tests/test_*.py)))

VENV_READY := $(VENV)/.stamp-venv
LAB_READY := $(VENV)/.stamp-lab
DEV_READY := $(VENV)/.stamp-dev
ALLOW_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help demo lab test lint docs pytest installing side-by-side in-browser chromium ncdump bench chaos picture clean

help:
	@echo "make demo   install, run the first study, execute the quickstart notebook"
	@echo "make lab    open the notebooks in JupyterLab"
	@echo "make test   install everything, then lint, types, documentation and all tests"
	@echo "make lint   ruff and mypy;  make docs  the documentation, warnings as errors"
	@echo "make bench  explorekit beside its peers, each installed below build/ (BENCH_FLAGS=--quick: some)"
	@echo "make chaos  200 rounds of killed processes, full disks and damaged files (CHAOS_FLAGS='--seed 7')"
	@echo "make clean  remove what these targets built; studies stay"

# -- installation ------------------------------------------------------------------------------

$(VENV_READY):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "explorekit needs Python 3.11 or later, and $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1 || echo missing). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(LAB_READY): $(VENV_READY) pyproject.toml
	@echo "Installing explorekit and JupyterLab into $(VENV)"
	$(BIN)/python -m pip install --quiet --editable ".[lab]"
	@touch $@

$(DEV_READY): $(VENV_READY) pyproject.toml
	@echo "Installing explorekit with everything its tests and documentation need into $(VENV)"
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@

# Installs the Debian package $(2) unless one of the commands $(1) is there; where it cannot, says $(3) and does $(4).
define install
	@for name in $(1); do command -v $$name >/dev/null 2>&1 && exit 0; done; \
	if ! command -v apt-get >/dev/null 2>&1; then root=none; \
	elif [ "$$(id -u)" = 0 ]; then root=; \
	elif sudo -n true 2>/dev/null; then root=sudo; \
	else root=none; fi; \
	if [ "$$root" = none ] || ! { echo "Installing $(2) for the tests"; \
	    $$root apt-get update -qq && $$root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $(2) >/dev/null; }; then \
	  echo "$(3), and it cannot be installed from here (on Debian: sudo apt-get install $(2))."; \
	  $(4); \
	fi
endef

# The tests drive the system's Chromium, and have ncdump read a file; nothing else comes from outside the environment.
chromium:
	$(call install,chromium chromium-browser google-chrome google-chrome-stable,chromium,The browser tests need \
	  Chromium,echo "To leave those tests out: make test BROWSER=no"; exit 1)

ncdump:
	$(call install,ncdump,netcdf-bin,One test needs ncdump,echo "It is left out."; exit 0)

# -- what a newcomer wants ---------------------------------------------------------------------

demo: $(LAB_READY)
	$(BIN)/python notebooks/demo.py
	@echo
	@echo "Executing notebooks/quickstart.ipynb"
	@mkdir -p build/demo
	$(BIN)/python -m nbconvert --to notebook --execute notebooks/quickstart.ipynb \
	  --output-dir build/demo --log-level WARN
	@echo
	@echo "Done. This made:"
	@echo "  netCDF file         notebooks/studies/fi_curve.nc"
	@echo "  figure              notebooks/studies/fi_curve.png"
	@echo "  executed notebook   build/demo/quickstart.ipynb"
	@echo "Open the notebooks in JupyterLab with: make lab"

lab: $(LAB_READY)
	$(BIN)/python -m jupyterlab --ip 127.0.0.1 $(ALLOW_ROOT) --notebook-dir notebooks notebooks/quickstart.ipynb

# -- what a developer wants --------------------------------------------------------------------

# The documentation takes a core as long as types and installations do. The other tests come last, so that their summary
# closes the output.
test: $(DEV_READY)
	@$(MAKE) --no-print-directory --keep-going --jobs 2 docs lint installing; checked=$$?; \
	$(MAKE) --no-print-directory --keep-going --jobs 1 side-by-side $(IN_BROWSER) && exit $$checked

lint: $(DEV_READY)
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy

docs: $(DEV_READY)
	$(BIN)/python -m sphinx -W --keep-going -q $(SPHINX_FLAGS) docs docs/_build/html
	@echo "The documentation is in docs/_build/html/index.html"

pytest: $(DEV_READY)
	@$(MAKE) --no-print-directory --keep-going --jobs 1 installing side-by-side $(IN_BROWSER)

# Tests that install environments of their own.
installing: $(DEV_READY)
	$(BIN)/python -m pytest $(PYTEST_FLAGS) $(INSTALLING)

# Two at a time, as most of these use one core.
side-by-side: $(DEV_READY) ncdump
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_FLAGS) $(SIDE_BY_SIDE)

# Each has the machine for itself.
in-browser: $(DEV_READY) chromium
	$(BIN)/python -m pytest $(PYTEST_FLAGS) tests/browser

bench: $(DEV_READY)
	$(BIN)/python -m benchmarks $(BENCH_FLAGS)

chaos: $(DEV_READY)
	$(BIN)/python -m benchmarks.chaos $(CHAOS_FLAGS)

# The picture in the README, taken from JupyterLab by the browser test.
picture: $(DEV_READY) chromium
	PICTURE=yes $(BIN)/python -m pytest tests/browser -k "jupyterlab and reaction"
	cp build/screenshots/lab_reaction_diffusion_cell.png docs/_static/explorer.png

clean:
	rm -rf build dist docs/_build docs/api docs/notebooks .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
