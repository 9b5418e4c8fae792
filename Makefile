# The few commands of the project. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test faults bench lint check format clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

demo: $(STAMP) ## run a server with a small exam and something to watch, read and mark
	$(BIN)/teleosce demo $(ARGS)

# Most tests wait for a disk or a clock, so three at a time fit two cores; browsers that talk to each other get them alone.
test: $(STAMP) ## install what the tests need and run them all
	$(BIN)/python tests/need_browser.py
	$(BIN)/python -m pytest -n 3 --dist loadfile -m 'not e2e and not faults' $(ARGS)
	$(BIN)/python -m pytest -m 'e2e and not faults' $(ARGS)

faults: $(STAMP) ## run the faults that take long: what the program must survive
	$(BIN)/python tests/need_browser.py --faults
	$(BIN)/python -m pytest -m faults $(ARGS)

bench: $(STAMP) ## measure against other software on the same input; bench/RESULTS.md gets the figures
	$(BIN)/python -m bench $(ARGS)

lint: $(STAMP) node_modules ## ruff, mypy, import-linter; tsc and tests of the pages' modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npx --no-install tsc -p .
	node --test tests/js/*.test.js
	$(BIN)/teleosce station check stations

check: lint test ## everything that CI runs

format: $(STAMP) ## format the Python files
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the commands above made
	rm -rf $(VENV) node_modules

# Not `python -m venv` alone: Debian without python3-venv has no pip in it, and says so in a way that helps nobody.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "teleosce needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	  then apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); \
	  else echo "Install Debian's python3-venv and try again."; exit 1; fi; }

$(STAMP): pyproject.toml | $(VENV)/bin/python
	@echo "Installing teleosce with its weights into $(VENV): about 2 GB, some minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[weights,rehearsal]' --group dev
	@touch $@

node_modules: package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@
