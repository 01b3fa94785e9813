# Every target sets up what it needs; `make help` explains each.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
LOCKS := compose/locks
INSTALLED := $(VENV)/installed
BENCH_VENV := build/bench-venv
BENCH_INSTALLED := $(BENCH_VENV)/installed
# What telemetry may add to a request, in user-space instructions.
MOST_INSTRUCTIONS_ADDED := 120000

.DEFAULT_GOAL := help
.PHONY: help demo drill report tour up down test faults check audit generate bench load fuzz comparison format lock clean

help: ## Explain the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Start everything, break something, follow the alert to its cause, mend it; exit 0 if every link held
	@$(RUN) -m compose demo

up: $(INSTALLED) ## Start the platform natively and stay; Ctrl-C ends it
	@$(RUN) -m compose up

down: $(INSTALLED) ## Stop a platform that `make up` started elsewhere
	@$(RUN) -m compose down

drill: $(INSTALLED) ## Break the platform in every way of the catalogue and score the alerts (FAULTS="redis-down smtp-down": those)
	@$(RUN) -m compose drill $(FAULTS) $(ARGUMENTS)

report: $(INSTALLED) ## Write a page for each incident that the drill recorded, into build/drill
	@$(RUN) -m compose report $(FAULTS)

tour: $(INSTALLED) ## Walk through an incident in the terminal, from the page to the cause
	@$(RUN) -m compose tour

test: $(INSTALLED) ## Run every test, the chain from a request to a delivered alert among them
	@$(RUN) -m compose provision
	@$(RUN) -m pytest

faults: $(INSTALLED) ## Run the fault suite in its long form: 20 kills over 5,000 reports and their like; 25 minutes
	@$(RUN) -m compose provision
	@SIGHTLINE_FAULTS_LONG=1 $(RUN) -m pytest -s tests/faults

check: $(INSTALLED) ## Lint, types, import contracts, generated files current, configuration valid, cost in bounds
	@$(RUN) -m compose provision --linters
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@PYTHONPATH=. $(VENV)/bin/lint-imports
	@$(RUN) -m dashboards check
	@$(RUN) -m alerts check
	@$(RUN) -m compose.check
	@$(RUN) -m compose.dependency_audit
	@$(RUN) -m bench.instructions --check $(MOST_INSTRUCTIONS_ADDED)

audit: $(INSTALLED) ## Ask PyPI for known vulnerabilities of the locked packages; fail if it cannot be asked
	@$(RUN) -m compose.dependency_audit --strict

generate: $(INSTALLED) ## Write dashboards, rules, Alertmanager's configuration and the runbooks' frames
	@$(RUN) -m dashboards build
	@$(RUN) -m alerts build

bench: $(BENCH_INSTALLED) ## Measure ours against the stock stack, side by side (docs/bench.md); half an hour
	@$(BENCH_VENV)/bin/python -m bench $(ARGUMENTS)

load: $(INSTALLED) ## Load the whole service to its knee, then one to three replicas behind a proxy (docs/load.md); ten minutes
	@$(RUN) -m bench load $(ARGUMENTS)

fuzz: $(INSTALLED) ## Throw made-up requests and answers at the middleware for an hour (SECONDS=60: for a minute)
	@SIGHTLINE_FUZZ_SECONDS=$(or $(SECONDS),3600) $(RUN) -m pytest -s tests/telemetry/test_fuzz.py tests/telemetry/test_fuzz_socket.py

comparison: $(BENCH_INSTALLED) ## Run every case of docs/telemetry/comparison.md against ours and the stock stack, and write the page
	@$(BENCH_VENV)/bin/python -m bench.comparison --write

format: $(INSTALLED) ## Format the code and mend what the linter can
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

lock: $(INSTALLED) ## Resolve the dependencies anew into compose/locks
	@$(RUN) -m compose.locks

clean: ## Remove the virtual environment, caches and the build folder
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): $(LOCKS)/development.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; install it with: apt-get install python3-venv"; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) (about half a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(BENCH_INSTALLED): $(LOCKS)/bench.txt | $(INSTALLED)
	@echo "Installing the stock packages to measure against into $(BENCH_VENV)"
	@$(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
