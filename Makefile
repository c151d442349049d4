# make setup   everything into .venv       make serve   the demo clinic at http://127.0.0.1:8000
# make test    every check there is        make format  lays the code out as the checks want it
# make soak    the long tests: a thousand kills and more; SOAK=short makes them some minutes
# make bench   measures what docs/performance.md says of its speed
PYTHON ?= python3
PORT ?= 8000
SOAK ?= long
BIN := .venv/bin
READY := .venv/ready

.PHONY: setup serve test soak format bench
.DELETE_ON_ERROR:

setup: $(READY)

# The stamp makes the second time instant; it is older than what it depends on as soon as one of these changes.
$(READY): requirements.lock pyproject.toml Makefile $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and $(PYTHON) is not there. Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	if test -f web/build.py; then $(BIN)/python web/build.py; fi
	@touch $@

serve: setup
	$(BIN)/group-sessions serve --demo --port $(PORT)

# -rs names what did not run: the browser tests, on a machine without Chromium.
test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 -rs

soak: setup
	SOAK=$(SOAK) $(BIN)/pytest -n 2 -rs -m soak

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# QUICK=1 takes two minutes instead of ten; BENCH=--help tells what else can be asked of it.
bench: setup
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(BENCH)
