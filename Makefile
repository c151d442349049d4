PYTHON ?= python3
PORT ?= 8000
SOAK ?= long
BIN := .venv/bin
READY := .venv/ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help setup serve check test coverage soak bench format diagram screenshots lock
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## install everything into .venv and build the pages

# The stamp file makes a repeated setup instant. Setup runs again as soon as a prerequisite is newer than the stamp.
$(READY): requirements.lock pyproject.toml setup.py Makefile tests/clients/package-lock.json schema/schema.graphql $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/generated/*' 2>/dev/null)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is required, but $(PYTHON) was not found. Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is required, but $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot create virtual environments. On Debian and Ubuntu, run: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(BIN)/python web/build.py tests/clients
	@touch $@

serve: setup  ## serve the demo clinic at http://127.0.0.1:8000 (PORT=9000: on another port)
	@$(BIN)/group-sessions serve --demo --port $(PORT)

check: setup  ## run every check except the tests: format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/import_diagram.py --check

# -rs lists skipped tests, such as the browser tests on a machine without Chromium.
test: check  ## run every check and every test, on SQLite and PostgreSQL
	$(BIN)/pytest -n 2 -rs

# Measuring coverage slows the code, so tests of its speed are left out.
coverage: setup  ## run the tests with coverage; fail below the floor in pyproject.toml
	$(BIN)/pytest -n 2 -m "not soak and not timing" --cov --cov-report=term

soak: setup  ## run the long tests (SOAK=short: a few minutes)
	SOAK=$(SOAK) $(BIN)/pytest -n 2 -rs -m soak

bench: setup  ## run the benchmark of docs/performance.md (QUICK=1: two minutes; BENCH=--help)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(BENCH)

format: setup  ## format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

diagram: setup  ## draw the imports into docs/architecture.md, and write the columns of docs/exports.md
	$(BIN)/python docs/import_diagram.py
	$(BIN)/python docs/export_tables.py

screenshots: setup  ## draw the screens of the admin UI into docs/images (needs Chromium)
	$(BIN)/python docs/screenshots.py

lock: setup  ## refresh requirements.lock from pyproject.toml, with hashes
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock
