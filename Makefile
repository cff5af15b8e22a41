# Everything a newcomer types. Each target does its own set-up; `make help` lists them.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
NODE_MAJOR := 20
WORKERS ?= 2

.PHONY: help warm demo test slow check bench docs lock tables clean
.DEFAULT_GOAL := help

help:  ## What there is to type
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/run.stamp jointsky/app/static/index.html  ## A unit at Kant with three sensors and seeded traffic, in your browser
	$(PY) -m jointsky demo $(DEMO)

warm: $(VENV)/run.stamp  ## Compile the kernels now, not at the first start
	$(PY) -m jointsky warm

test: $(VENV)/docs.stamp jointsky/app/static/index.html check  ## Checks, then every fast test
	$(PY) -m pytest -n $(WORKERS) -m "not slow" --dist loadgroup

slow: $(VENV)/dev.stamp jointsky/app/static/index.html  ## The long runs: whole recordings, long fuzzing
	$(PY) -m pytest -m slow

check: $(VENV)/dev.stamp console/node_modules/.stamp  ## Style, types, floors
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	tools/with-node npm --prefix console run check

bench: $(VENV)/bench.stamp jointsky/app/static/index.html  ## The figures of bench/RESULTS.md, against named peers
	$(PY) -m bench

docs: $(VENV)/docs.stamp  ## Pages that are generated: columns, settings, commands, scripts
	$(PY) tools/generate_schema.py
	$(PY) tools/generate_commands.py
	$(PY) tools/generate_scripts.py

tables: $(VENV)/dev.stamp  ## ASTERIX tables, from the specifications that libasterix carries
	$(PY) tools/generate_asterix.py

lock:  ## Pin every package with its hashes (needs uv)
	cd requirements && uv pip compile -q --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" run.in -o run.txt
	cd requirements && uv pip compile -q --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" -c run.txt dev.in -o dev.txt
	cd requirements && uv pip compile -q --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" -c dev.txt docs.in -o docs.txt
	cd requirements && uv pip compile -q --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" -c docs.txt bench.in -o bench.txt
	cd requirements && uv pip compile -q --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" node.in -o node.txt

clean:  ## Back to a fresh clone
	rm -rf $(VENV) console/node_modules jointsky/app/static build .state

# A virtual environment, then each set of packages on top of the one before.
$(VENV)/made.stamp:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/%.stamp: requirements/%.txt pyproject.toml $(VENV)/made.stamp
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The console: Node from the system if it is new enough, else from a wheel.
console/node_modules/.stamp: console/package.json console/package-lock.json $(VENV)/made.stamp
	tools/with-node npm --prefix console ci --no-audit --no-fund --ignore-scripts
	touch $@

CONSOLE := $(shell find console/src console/tools console/public console/*.json console/*.js console/*.ts console/index.html data -type f 2>/dev/null)
jointsky/app/static/index.html: console/node_modules/.stamp $(CONSOLE)
	tools/with-node npm --prefix console run build
	touch $@
