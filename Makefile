# Python 3.11 or newer and this file are all that is needed:
#
#   make run                                        set everything up and open the dashboard
#   make run ARGS='run blur --items ~/Pictures'     the same with arguments for pooltop
#   make test [TESTS=tests/unit]                    set everything up and run the tests, or some of them
#   make gallery                                    run every entry of the gallery at test size
#   make check                                      lint, format, types, import rules, tests and the gallery
#   make test-pythons                               the engine's tests on every supported Python that is here
#   make chaos                                      how long workers wait for the dead, over 300 kills each
#   make shots                                      the README's pictures, from the real program
#
# PYTHON=... chooses the interpreter to make .venv with; else it is the first that will do.

PYTHON =
VENV = .venv
ARGS =
TESTS = tests

candidates = $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
will_do = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
python = $(shell for each in $(candidates); do "$$each" -c '$(will_do)' >/dev/null 2>&1 && echo "$$each" && break; done)
found = $(shell for each in $(candidates); do \
	version=$$("$$each" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	"$$each" -c 'import venv, ensurepip' 2>/dev/null || version="$$version without venv"; \
	echo "($$each is $$version)"; done)

.PHONY: run test gallery check lint types test-pythons chaos shots

run: $(VENV)/ready
	@$(VENV)/bin/pooltop $(ARGS)

test: $(VENV)/ready
	@$(VENV)/bin/python -m pytest $(TESTS)

gallery: $(VENV)/ready
	@$(VENV)/bin/python -m bench.gallery

check: lint types test gallery  # the import rules are tests: tests/unit/test_imports.py

lint: $(VENV)/ready
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check

types: $(VENV)/ready
	@$(VENV)/bin/mypy

chaos: $(VENV)/ready
	@$(VENV)/bin/python -m bench.kills

shots: $(VENV)/ready
	@$(VENV)/bin/python -m bench.shots docs

test-pythons:
	@tested=; for version in 3.11 3.12 3.13; do \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
			"$$python" -c '$(will_do)' >/dev/null 2>&1 || continue; \
			echo "On Python $$version:"; \
			$(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON="$$python" TESTS='tests/unit tests/engine' || exit; \
			tested="$$tested $$version"; \
			break; \
		done; \
	done; \
	echo "Passed on Python$${tested:?none of 3.11, 3.12 and 3.13 is here}."

$(VENV)/ready: pyproject.toml constraints.txt
	$(if $(python),,$(error pooltop needs Python 3.11 or newer with venv (on Debian and Ubuntu: apt install python3-venv); found $(or $(found),no python3)))
	@echo "Setting up $(VENV) with $(python), once"
	@$(VENV)/bin/python -c 'import pip' 2>/dev/null || $(python) -m venv --clear $(VENV)
	@PIP_CONSTRAINT=constraints.txt $(VENV)/bin/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@
