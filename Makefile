# Two commands: `make run` starts everything on this machine, `make test` proves it.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; \
	done)
VENV := .venv/bin
# Every process has servers and a browser of its own; more than four would only crowd the machine.
PYTEST := $(VENV)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --durations 10

.DEFAULT_GOAL := help
.PHONY: help run test check audit fmt screenshots runtime dev system rewritten

help: ## list the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

run: runtime ## start everything on this machine; Ctrl-C stops it
	@exec $(VENV)/python -m audiospective up $(ARGS)

test: python ## set up, check, and run every test on SQLite, PostgreSQL, Redis and a browser
	@$(PYTHON) tools/system.py --possible  # else what is missing would stand amid pip's words
	@$(MAKE) --no-print-directory --jobs 3 system check $(if $(ARGS),,rewritten)  # beside pip and the types
	@echo '== tests'
	@$(VENV)/python -m compileall -q audiospective worker.py scheduler.py  # once, not in each process
	@$(PYTEST) $(ARGS)

check: dev ## format, lint, types and import floors, without running anything
	@$(VENV)/python tools/check.py

audit: dev ## compare every pinned package with the known weaknesses (asks pypi.org)
	@$(VENV)/python -m pip_audit --strict --disable-pip --no-deps -r constraints.txt $(ARGS)

fmt: dev ## put the code into the house format
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

screenshots: dev ## take the pictures of the readme anew, with an invented listener
	@$(VENV)/python tools/screenshots.py

runtime dev: python
	@$(PYTHON) tools/environment.py $@

# pytest writes every assertion anew before it compiles a test: once here, beside the types, else in
# each of its processes (14 s of 22). It reads what lies there also where Python is told to write none.
# Whatever is wrong with a test, the run itself says it.
rewritten: dev
	@PYTHONDONTWRITEBYTECODE= $(VENV)/python -m pytest --collect-only -q >/dev/null 2>&1 || true

system: python
	@$(PYTHON) tools/system.py

.PHONY: python
python:
	@test -n '$(PYTHON)' || { echo 'Audiospective needs Python 3.11 or newer on PATH.' >&2; exit 1; }
