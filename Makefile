# Everything a person does with this checkout. Needs Python 3.11 or later, git and make; the rest is installed here.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
POSTGRES_15 ?= /usr/lib/postgresql/15/bin
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml

.PHONY: help demo demo-check up test test-postgres-15 nightly faults keycloak lint format lock bench docs screenshot clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

demo: .venv/.demo ## play a province's year and leave the dashboard running
	$(BIN)/plodnee demo

demo-check: .venv/.demo ## play it, verify every figure, exit 0 or 1
	$(BIN)/plodnee demo --check

up: .venv/.demo ## start everything on this machine, empty
	$(BIN)/plodnee up

test: .venv/.development ## all tests, on a real PostgreSQL and a real Kafka broker
	$(BIN)/pytest -n 2 --dist loadscope

test-postgres-15: .venv/.development ## services, chassis and reach once more, on the oldest PostgreSQL that is supported
	PLODNEE_POSTGRES_BIN=$(POSTGRES_15) $(BIN)/pytest -n 2 --dist loadscope tests/services tests/shared/chassis \
		tests/attacks/test_row_level_security.py tests/attacks/test_reach.py --ignore tests/services/reporting/dashboard \
		--ignore tests/services/debt/loans/schedules

nightly: .venv/.development ## what holds of every loan, ten thousand examples each; half an hour
	$(BIN)/pytest -n 2 --timeout 3600 --hypothesis-profile nightly tests/services/debt/loans tests/shared/kernel

faults: .venv/.development ## break everything, again and again; about half an hour
	$(BIN)/pytest tests/faults -m "slow or not slow"

keycloak: .venv/.development ## sign-in and tokens on a real Keycloak, which is downloaded once (160 MB)
	$(BIN)/pytest -m keycloak

lint: .venv/.development ## style, types, import walls, drift of generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/python -m docs.generate --check

format: .venv/.development ## let ruff format and mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(UV) ## lock the dependencies for every platform, with hashes and without download addresses
	$(COMPILE) -o requirements/runtime.lock
	$(COMPILE) --group tracing -o requirements/tracing.lock
	$(COMPILE) --group embedded -o requirements/demo.lock
	$(COMPILE) --group embedded --group test --group partner --group tracing --group lint -o requirements/development.lock
	echo uv | $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header - -o requirements/bootstrap.lock

bench: .venv/.development ## measure what the README claims, and put it there
	$(BIN)/python -m bench
	$(BIN)/python -m bench.table bench/results/$$(date -u +%F).json --into README.md

docs: .venv/.development ## generate the API and event references
	$(BIN)/python -m docs.generate

screenshot: .venv/.development ## picture of the dashboard of a running demo
	$(BIN)/python -m docs.screenshot

clean: ## remove the environment (data in .plodnee stays)
	rm -rf .venv

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 cannot make an environment; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock

.venv/.demo: requirements/demo.lock pyproject.toml | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/demo.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.development: requirements/development.lock .venv/.demo | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/development.lock
	@touch $@
