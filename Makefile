# Thin names over commands that anyone can read. `make help` lists them.

PORT ?= 8000
export PORT
# The first Python that is new enough and can make environments; where none is, python3 says so. A
# system's own comes first: one that was compiled at home mostly lacks the optimizations of
# distributions, and what is done with it takes a fifth longer.
PYTHON ?= $(shell for name in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && exit; done; echo python3)
BIN = .venv/bin
# Each of our processes starts in less than half the time from bytecode. Where the environment says
# that none is written beside sources, it is kept apart.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.local/bytecode
endif

# Test processes: one more than a small machine has cores, since browsers, workers and databases are
# waited for. Races are run apart, by two: with more, controls of theirs keep by luck what they have
# to break. Tests marked `turns` are run on one day of three (tests/turns.py), unless they
# are named or TURNS is `all`.
AT_ONCE ?= 3
RACES = tests/races
PYTEST = $(BIN)/python -m civicfund.launch with-servers $(BIN)/python -m pytest -q --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help run test lint browser types all-but-types css bench bench-vote bench-money chaos trust proofs bench-tally journeys environment dev-environment lock

help: ## List these names
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

environment:
	@$(PYTHON) civicfund/launch/bootstrap.py requirements/run.txt

dev-environment:
	@$(PYTHON) civicfund/launch/bootstrap.py requirements/dev.txt

run: environment ## Start the town at http://127.0.0.1:8000 (PORT moves it)
	@exec $(BIN)/python -m civicfund.launch run

test: dev-environment ## Static checks, then tests against real servers and a browser (TURNS=all: those of other days, too)
	@$(MAKE) --no-print-directory -j 3 browser types all-but-types
ifdef TESTS
	@$(PYTEST) -n 2 $(TESTS)
else
	@$(PYTEST) -n $(AT_ONCE) --ignore $(RACES) $(if $(filter all,$(TURNS)),,--in-turns $(or $(TURNS),$$(( $$(date +%s) / 86400 ))))
	@$(PYTEST) -n 2 $(RACES)
endif

lint: dev-environment ## Static checks
	@$(MAKE) --no-print-directory -j 2 types all-but-types

# To fetch one is mostly waiting: `make test` does it beside the static checks.
browser:
	@$(BIN)/python -m civicfund.launch browser

types:
	$(BIN)/mypy civicfund budgeting manage.py

all-but-types:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/deptry . --no-ansi
	SECRET_KEY=lint DJANGO_SETTINGS_MODULE=civicfund.settings.test $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	@if test -x $(BIN)/tailwindcss; then built=$$(mktemp) && trap 'rm -f "$$built"' EXIT && $(BIN)/tailwindcss -i static/src/site.css -o "$$built" --minify 2>/dev/null && cmp -s "$$built" static/css/site.css && echo "static/css/site.css is fresh" || { echo "static/css/site.css is stale: run make css"; exit 1; }; else echo "No tailwindcss for this machine: whether static/css/site.css is fresh was not checked."; fi

css: dev-environment ## Build static/css/site.css from static/src/
	$(BIN)/tailwindcss -i static/src/site.css -o static/css/site.css --minify

bench: dev-environment ## Measure pages, ballots, settlement, counting and a large town; prints tables and JSON
	@$(BIN)/python -m civicfund.launch with-servers $(BIN)/python manage.py bench
	@$(BIN)/python -m civicfund.launch with-servers $(BIN)/python manage.py bench_large

bench-vote: dev-environment ## Measure a closing hour (11 minutes) and whole votes of up to a million; table and JSON
	@$(BIN)/python -m civicfund.launch with-servers $(BIN)/python manage.py bench_vote

bench-money: dev-environment ## Measure pledging, settlement at the provider's limits and the books (long); table and JSON
	@$(BIN)/python -m civicfund.launch with-servers $(BIN)/python manage.py bench_money

bench-tally: dev-environment ## Measure every counting rule beside pabutools; prints a table and JSON
	@$(BIN)/python -m tests.budgeting.tally_bench
	@$(BIN)/python -m civicfund.launch with-servers $(BIN)/python manage.py bench_count

chaos: dev-environment ## Settle pledges while all breaks (PLEDGES, KILLS, CRASHES, SEEDS); table and JSON
	@$(BIN)/python -m tests.chaos --pledges $(or $(PLEDGES),5000) --kills $(or $(KILLS),100) --crashes $(or $(CRASHES),3) --seeds $(or $(SEEDS),5)

trust: dev-environment ## Try every promise of the vote (SIZE=full or small); prints a table and JSON
	@$(BIN)/python -m civicfund.launch browser >/dev/null
	@$(BIN)/python -m tests.trust --size $(or $(SIZE),full)

proofs: dev-environment ## Storms, races and random histories of money, random elections, each role at each door, at full size (takes hours)
	@$(BIN)/python -m civicfund.launch with-servers env SIZE=full $(BIN)/python -m pytest -q -s --timeout=0 --durations=0 tests/pledges/test_machine.py tests/pledges/test_unmet_goals.py tests/races tests/reconciliation/test_reconciling.py tests/budgeting/domain tests/town/test_matrix.py tests/town/test_rooms.py

journeys: dev-environment ## Whole ways through the site by people of every role, and every test in a browser; pictures in SCREENSHOTS
	@$(BIN)/python -m civicfund.launch browser >/dev/null
	@$(PYTEST) -n 2 -m '' tests/browser

lock: dev-environment ## Compile requirements/ from pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements/production.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml --group local -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml --group dev -o requirements/dev.txt
