# One command for everything. `make setup` runs by itself where it is needed.
PYTHON := .venv/bin/python
TYPED := shared orchestrators activities triggers local bench tools cli function_app.py
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
	--custom-compile-command "make lock"

CONSOLE := console/dist/index.html
CONSOLE_FILES = $(shell find console \( -name node_modules -o -name dist \) -prune -o -type f -print)

# Where it is set, each worker of the tests and each process of a stack compiles every file again.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help setup console cli package test hunt chaos bench lint openapi lock audit sbom smoke run demo screenshots clean

help:
	@echo "make demo    bring a new image from its template to a pool of 24 hosts, on this machine"
	@echo "make run     everything up until Ctrl-C (PORT, SIM_PORT, SIM_HOSTS, SIM_SPEED, SIM_SEED)"
	@echo "make test    all tests; one file: make test ARGS=tests/unit/core/test_ids.py"
	@echo "make hunt    whole rollouts at random, until one breaks a promise or Ctrl-C"
	@echo "make chaos   rollouts with dying hosts, failing tables and ten operators; SEEDS=200 for more, SEED=17 for one"
	@echo "make bench   measure; one part: make bench BENCH=cold (see docs/performance.md)"
	@echo "make lint    ruff, mypy, sizes, the syntax of PowerShell and Bicep, incompatible changes of the API, and the console's own"
	@echo "make openapi write docs/openapi.json, the contract of the HTTP API, as the app answers it"
	@echo "make lock    compile requirements*.in into requirements*.txt; with newer versions: make lock ARGS=--upgrade"
	@echo "make audit   look up the locked packages in a database of known vulnerabilities"
	@echo "make sbom    write sbom.json (CycloneDX) and docs/licences.md from the locks"
	@echo "make smoke   check a deployed app, reading only: URL=https://… (POOL, TELEMETRY, CHECKLIST=1; see docs/smoke.md)"
	@echo "make cli     build the command line into cli/dist, as a wheel; .venv/bin/freshcoat is there after make setup"
	@echo "make console build the web console into console/dist; run, demo and test do so when it has changed"
	@echo "make package the zip file that is deployed to Azure, in dist (see docs/package.md)"
	@echo "make screenshots  make the pictures of the README anew, in docs/pictures"
	@echo "make setup   what the others need: .venv and node_modules"
	@echo "make clean   remove what setup and the runs have made"

setup: .venv/.ready node_modules/.package-lock.json

.venv/.ready: requirements.txt requirements-dev.txt cli/pyproject.toml local/setup.sh
	@sh local/setup.sh python

node_modules/.package-lock.json: package.json package-lock.json local/setup.sh
	@sh local/setup.sh node

console/node_modules/.package-lock.json: console/package.json console/package-lock.json local/setup.sh
	@sh local/setup.sh console

console: .venv/.ready console/node_modules/.package-lock.json
	@echo "setup: building the console"
	@cd console && npm run --silent schema && npm run --silent build

$(CONSOLE): .venv/.ready console/node_modules/.package-lock.json $(CONSOLE_FILES)
	@$(MAKE) --silent console

cli: .venv/.ready
	@.venv/bin/uv build --quiet --wheel --out-dir cli/dist cli && ls cli/dist/*.whl

package: setup $(CONSOLE)
	@$(PYTHON) -m tools.package $(ARGS)

test: setup $(CONSOLE)
	@sh local/setup.sh chromium || echo "The browser tests will fail (above); the others run."
	@$(PYTHON) -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

hunt: setup
	@while seed=$$(date +%s) && echo "PROMISE_SEED=$$seed" && PROMISE_SEED=$$seed $(PYTHON) -m pytest -n 4 tests/promises; do :; done

chaos: setup
	@CHAOS_SEED=$(SEED) CHAOS_SEEDS=$(or $(SEEDS),100) $(PYTHON) -m pytest -n $(if $(SEED),0,2) tests/chaos

bench: setup
	@BENCH="$(BENCH)" $(PYTHON) -m bench

lint: setup console/node_modules/.package-lock.json
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy --strict $(TYPED)
	@$(PYTHON) -m tools.sizes
	@$(PYTHON) -m tools.powershell
	@$(PYTHON) -m tools.bicep
	@$(PYTHON) -m tools.openapi --check
	@$(PYTHON) -m tools.sbom --check
	@cd console && npm run --silent schema && npm run --silent lint

openapi: setup
	@$(PYTHON) -m tests.api.contract.record
	@$(PYTHON) -m tools.openapi

lock: setup
	@$(COMPILE) $(ARGS) --output-file requirements.txt requirements.in
	@$(COMPILE) $(ARGS) --output-file requirements-dev.txt requirements-dev.in

audit: setup
	@$(PYTHON) -m tools.audit

sbom: setup
	@$(PYTHON) -m tools.sbom

smoke: setup
	@$(PYTHON) -m tools.smoke --url "$(URL)" --pool "$(POOL)" --telemetry "$(TELEMETRY)" \
		$(if $(CANARY),--host "$(CANARY)" --version "$(VERSION)") $(if $(CHECKLIST),--checklist)

run demo: setup
	@$(MAKE) --silent $(CONSOLE) || echo "The console could not be built (above); the API works without it."
	@exec $(PYTHON) -m local $@ --parent $$PPID

screenshots: setup $(CONSOLE)
	@sh local/setup.sh chromium
	@$(PYTHON) -m local.screenshots

clean:
	rm -rf .venv sbom.json node_modules console/node_modules console/dist console/src/schema.d.ts cli/dist dist .local .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
