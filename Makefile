# Python 3.11 or newer and this file are all that is needed:
#
#   make run                                        set everything up and open the dashboard
#   make run ARGS='run blur --items ~/Pictures'     the same with arguments for pooltop
#   make test [TESTS=tests/unit]                    set everything up and run the tests, or some of them
#   make gallery                                    run every entry of the gallery at test size
#   make check                                      lint, format, types, import rules, tests and the gallery
#   make test-pythons                               the engine's tests on every supported Python that is here
#   make chaos                                      kills by the thousand; every fault at every moment, on every Python
#   make faults                                     the same faults for pooltop and other pools, side by side
#   make shots                                      the README's pictures, from the real program
#
# PYTHON=... chooses the interpreter to make .venv with; else it is the first that will do.

PYTHON =
VENV = .venv
EXTRAS = dev
ARGS =
TESTS = tests

candidates = $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
will_do = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
python = $(shell for each in $(candidates); do "$$each" -c '$(will_do)' >/dev/null 2>&1 && echo "$$each" && break; done)
found = $(shell for each in $(candidates); do \
	version=$$("$$each" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	"$$each" -c 'import venv, ensurepip' 2>/dev/null || version="$$version without venv"; \
	echo "($$each is $$version)"; done)

# $(call on_every_python,TESTS): those tests, on each Python in turn
define on_every_python
	@tested=; for version in 3.11 3.12 3.13; do \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
			"$$python" -c '$(will_do)' >/dev/null 2>&1 || continue; \
			echo "On Python $$version:"; \
			$(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON="$$python" TESTS='$(1)' || exit; \
			tested="$$tested $$version"; \
			break; \
		done; \
	done; \
	echo "Passed on Python$${tested:?none of 3.11, 3.12 and 3.13 is here}."
endef

.PHONY: run test gallery check lint types test-pythons chaos faults compare shots

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
	@$(VENV)/bin/python -m bench.soak
	@$(VENV)/bin/python -m pytest tests -m chaos
	$(call on_every_python,tests/engine/test_matrix.py tests/engine/test_storm.py tests/engine/test_faults.py -m "")

faults:  # the other pools have a place of their own
	@$(MAKE) --no-print-directory compare VENV=.venv-peers EXTRAS=dev,peers

compare: $(VENV)/ready
	@$(VENV)/bin/python -m bench.faults
	@$(VENV)/bin/python -m bench.kill_cost

shots: $(VENV)/ready
	@$(VENV)/bin/python -m bench.shots docs

test-pythons:
	$(call on_every_python,tests/unit tests/engine)

$(VENV)/ready: pyproject.toml constraints.txt
	$(if $(python),,$(error pooltop needs Python 3.11 or newer with venv (on Debian and Ubuntu: apt install python3-venv); found $(or $(found),no python3)))
	@echo "Setting up $(VENV) with $(python), once"
	@$(VENV)/bin/python -c 'import pip' 2>/dev/null || $(python) -m venv --clear $(VENV)
	@PIP_CONSTRAINT=constraints.txt $(VENV)/bin/python -m pip install -qq --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@
