# Everything a newcomer needs: `make run`, `make test`. Python 3.11+ and make are enough.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOME_DIR := $(or $(TOUCHSTONE_HOME),warehouse)

.PHONY: run test test-fast test-long test-scale lint types sql bench bench-identity star-diagram dev clean lock

# The simulated world ends on 2024-05-16; with a later as-of date, the last twelve months would be empty.
run: $(STAMP)  ## simulate a small delivery of every source, refresh, and show the release
	@$(BIN)/touchstone simulate --out $(HOME_DIR)/demonstration
	@mkdir -p $(HOME_DIR)/landing && cp -R $(HOME_DIR)/demonstration/night_0001/. $(HOME_DIR)/landing/
	@cp $(HOME_DIR)/demonstration/enterprise_aliases.csv $(HOME_DIR)/
	@$(BIN)/touchstone refresh --as-of 2024-05-16
	@$(BIN)/touchstone status
	@$(BIN)/touchstone query -- "$$(cat warehouse/queries/target_progress.sql)"
	@echo "Try next:"
	@echo "  $(BIN)/touchstone query \"select * from marts.quality_bulletin limit 10\""
	@echo "  $(BIN)/touchstone serve      the site of this release"
	@echo "  make dev                     Dagster's UI on the same assets"
	@echo "  README.md                    how to load real files"

# Three workers on two cores: each spends a third of its time waiting for disks, locks and processes.
PYTEST := $(BIN)/pytest -n 3 --dist worksteal --durations 8

test: $(STAMP) lint  ## types, style and every test except the long and the scale ones
	$(PYTEST) -m "not long and not scale"

test-fast: $(STAMP)  ## the inner loop: no refresh, no dbt build, none of the slow drawn cases
	$(PYTEST) -m "not slow and not long and not scale"

test-long: $(STAMP)  ## tests on hundreds of random histories and rows, and feeds added to copies of the project
	$(PYTEST) -m long

test-scale: $(STAMP)  ## tests of many complete refreshes, minutes each
	$(BIN)/pytest -m scale

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	@$(MAKE) --no-print-directory --jobs 2 types sql

types: $(STAMP)
	$(BIN)/mypy

sql: $(STAMP)
	@# Its worker processes end with a Python warning about semaphores, which is not about the SQL.
	PYTHONWARNINGS=ignore::UserWarning $(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project/models dbt_project/tests warehouse/queries

SCALE ?= 1000
bench: $(STAMP)  ## speed and memory against baselines of the same run; SCALE is in thousands of marks
	$(BIN)/python -m benchmarks --scale $(SCALE)

bench-identity: $(STAMP)  ## precision and recall of matching enterprises, on 200,000 and 1,000,000 names with known truth
	$(BIN)/python -m benchmarks.identity

star-diagram: $(STAMP)  ## write warehouse/star.md again, after a change of the star's tables or keys
	$(BIN)/python -m pipelines.build.star_diagram

# Dagster keeps its state in the folder that it is started in.
dev: $(STAMP)  ## open Dagster's UI on the same assets
	@mkdir -p $(HOME_DIR)/dagster && cp dagster.yaml $(HOME_DIR)/dagster/
	cd $(HOME_DIR)/dagster && TOUCHSTONE_HOME=$(abspath $(HOME_DIR)) DAGSTER_HOME=$$PWD \
		$(abspath $(BIN))/dg dev -m pipelines.definitions

lock: $(STAMP)  ## resolve pyproject.toml again into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra development pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV)

# pip installs only uv, from the lock with its hashes; uv installs the rest, five times faster than pip.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {on = 1} on && /^[a-z]/ && !/^uv==/ {exit} on' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
