# Two commands do everything on a fresh Debian or Ubuntu machine: `make run` and `make test`.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
unexport PYTHONDONTWRITEBYTECODE # tests start the engine hundreds of times

.PHONY: run test bench environment speech clean

run: environment speech ## install, render prompts, start on the built-in exchange
	@mkdir -p $(DEMO) && cp -n docs/demo.toml $(DEMO)/ivr.toml
	@$(BIN)/ivr --settings $(DEMO)/ivr.toml prompts render
	@test -e $(DEMO)/data/ivr.db || { echo "filling the example database with a morning's calls"; $(BIN)/python docs/demo_calls.py $(DEMO)/ivr.toml; }
	@echo "sign in to the console as anna (operator), bruno (operator), carla (back office), teresa (tutor), sergio (supervisor),"
	@echo "clara (knowledge manager), marco (Ministry) or ada (administrator); the password of all is: dimostrazione"
	@$(BIN)/ivr --settings $(DEMO)/ivr.toml serve

test: environment speech ## install what tests need, a real Asterisk and a browser included, and run them all
	@$(BIN)/pip install --quiet --editable '.[dev]'
	@for room in asterisk console reports speech; do bash tests/$$room/install.sh || exit; done
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	@IVR_REQUIRE_ASTERISK=1 IVR_REQUIRE_BROWSER=1 IVR_REQUIRE_MODELS=1 IVR_REQUIRE_PDFTOTEXT=1 \
		$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --durations 40

bench: environment speech ## the benchmarks, one after the other, on a quiet machine (an hour); figures are kept in benchmarks/results
	@$(BIN)/pip install --quiet --editable '.[dev]'
	@for room in console speech; do bash tests/$$room/install.sh || exit; done
	@for one in wire start store console_pop console_lists audiosocket replay reports; do \
		echo "== $$one"; $(BIN)/python -m benchmarks.$$one || exit; done

environment: $(VENV)/installed

$(VENV)/installed: setup.py
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ivr-engine needs Python 3.11 or newer: install it first"; exit 2; }
	@python3 -m venv $(VENV) 2>/dev/null || { $(call apt,python3-venv) && python3 -m venv --clear $(VENV); }
	@$(BIN)/pip install --quiet --editable '.[draw]'
	@touch $@

speech:
	@command -v espeak-ng >/dev/null || { $(call apt,espeak-ng libespeak-ng1); }

clean: ## remove everything that can be made again
	rm -rf $(VENV) build $(DEMO) *.egg-info audio/manifest.json audio/it audio/en

# $(call apt,PACKAGES): install them, or say in one sentence what is missing.
apt = if [ "$$(id -u)" = 0 ]; then (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1)) >/dev/null; \
	else echo "missing: $(1) - install with: sudo apt-get install $(1)"; exit 2; fi
