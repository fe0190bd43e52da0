# openness: from a clone to a browsable index. `make` lists the targets.
# Needs python3.11+ and make; everything else goes into .venv.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
HUB ?= $(or $(HF_ENDPOINT),sample)
DATA ?= data
HOST ?= 127.0.0.1
PORT ?= 8001
BIN := .venv/bin

.PHONY: help nightly serve test lint bench screenshots clean
help:
	@echo 'make nightly              crawl the bundled sample Hub, judge, publish ($(DATA)/index.db)'
	@echo 'make nightly HUB=https://huggingface.co   the same with the live Hub'
	@echo 'make serve                browse the result in Datasette (HOST=$(HOST) PORT=$(PORT))'
	@echo 'make test | lint | bench  tests, linters, benchmarks'
	@echo 'BENCH=full make bench     the same at the size of the whole Hub, for hours'
	@echo 'make screenshots          the pages as PNG'

nightly: .venv/web
	@$(BIN)/openness nightly --hub $(HUB) --data $(DATA)

serve: .venv/web
	@$(BIN)/openness serve --data $(DATA) --host $(HOST) --port $(PORT)

test: .venv/dev
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

screenshots: .venv/dev
	$(BIN)/python -m tests.browser.screenshots $(DATA) screenshots

bench: .venv/dev
	$(BIN)/python -m tests.bench

.venv/python:
	@test -n "$(PYTHON)" || { echo 'openness needs python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3.12'; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@touch $@

.venv/web: .venv/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[web]'
	@touch $@

.venv/dev: .venv/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[web,dev,parquet]'
	@touch $@ .venv/web

clean:
	rm -rf .venv build *.egg-info
