# The course's commands. `make help` lists them; tools/setup.py does the installing (and serves Windows).

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
    $$p tools/setup.py --probe >/dev/null 2>&1 && echo $$p && break; done)
TORCH ?= default
LAB_ARGS ?=
TEST_ARGS ?=
JOBS ?= 2

# A backend that the shell names would be a student's, not the tests'.
unexport MPLBACKEND

# As if activated: notebooks call `course`, and nbgrader its tools, by name.
RUN = PATH="$$PWD/.venv/bin:$$PATH"
FIND_PYTHON = python='$(PYTHON)'; \
    if [ -z "$$python" ]; then \
        echo "No Python 3.11 or newer that can make virtual environments was found. Install one:"; \
        echo "    Debian, Ubuntu: sudo apt install python3 python3-venv"; \
        echo "    macOS:          brew install python@3.13, or https://www.python.org"; \
        echo "or name the one to use: make lab PYTHON=/path/to/python3"; \
        exit 1; \
    fi
SETUP = @$(FIND_PYTHON); "$$python" tools/setup.py --torch '$(TORCH)'

.PHONY: help setup lab setup-test test test-oldest test-newest bench coverage mutants walls doctor constraints clean

help:
	@echo "make lab          set everything up and open JupyterLab on chapter 00"
	@echo "make test         set everything up and run every test"
	@echo "make test-oldest  run the unit tests and notebooks with the oldest packages that pyproject.toml allows"
	@echo "make test-newest  ... with the newest packages that there are"
	@echo "make bench        measure speed (tests/benchmarks)"
	@echo "make coverage     run the unit tests and list the lines that none of them reaches"
	@echo "make walls        the grader against programs that attack it"
	@echo "make mutants      break the code in some eighty places, one at a time: do the tests notice?"
	@echo "make doctor       look for what is wrong with this machine or installation"
	@echo "make constraints  resolve every package anew and write constraints.txt"
	@echo "make clean        remove .venv and the tools' caches"
	@echo
	@echo "On Linux without an NVIDIA GPU: make lab TORCH=cpu, make test TORCH=cpu (PyTorch's CPU build, a small download)."
	@echo "Also: LAB_ARGS='--no-browser --ip 0.0.0.0', TEST_ARGS='-k forward', JOBS=4, PYTHON=python3.12"

setup:
	$(SETUP)

setup-test:
	$(SETUP) --extras test,grading

# Root (a container) needs JupyterLab's leave.
lab: setup
	@echo "Starting JupyterLab. Its address is the http://... line below; Ctrl-C stops it."
	@$(RUN) python -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start.ipynb \
	    $$(test "$$(id -u)" != 0 || echo --allow-root) $(LAB_ARGS)

# One thread for each of the JOBS: two that both take every core are slower than one after the other.
ONE_THREAD = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

# $(call stage,NAME,COMMAND) runs a command and notes how long it took, for the table at the end.
STAGES = build/stages.txt
STARTED := $(shell date +%s)
stage = @start=$$(date +%s); (set -x; $(2)) || exit; echo "$(1): $$(( $$(date +%s) - start )) s" >> $(STAGES)

# A student's notebook is run once, by nbval; a solved one once, by course_lib.publishing.solved.
define RUN_TESTS
	$(call stage,unit tests,$(RUN) $(ONE_THREAD) python -m pytest -n $(JOBS) --durations=15 $(TEST_ARGS))
	$(call stage,notebooks,$(RUN) python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder \
	    -p course_lib.publishing.solved --nbval --durations=15 notebooks)
endef

# What takes seconds comes first.
test: setup-test
	@mkdir -p build && echo "set-up: $$(( $$(date +%s) - $(STARTED) )) s" > $(STAGES)
	$(call stage,ruff,$(RUN) python -m ruff check && $(RUN) python -m ruff format --check)
	$(call stage,imports,$(RUN) lint-imports)
	$(call stage,types,$(RUN) python -m mypy)
	$(RUN_TESTS)
	@echo "Where the time went:" && cat $(STAGES)

# In an environment of its own, build/oldest-venv or build/newest-venv. Without the types: old packages bring few of them.
test-oldest test-newest: test-%:
	@$(FIND_PYTHON); "$$python" tools/versions.py $* --torch '$(TORCH)'
	@mkdir -p build && echo "set-up: $$(( $$(date +%s) - $(STARTED) )) s" > $(STAGES)
	$(RUN_TESTS)
	@echo "Where the time went:" && cat $(STAGES)

test-oldest: RUN = PATH="$$PWD/build/oldest-venv/bin:$$PATH"
test-newest: RUN = PATH="$$PWD/build/newest-venv/bin:$$PATH"

bench: setup-test
	$(RUN) python -m pytest tests/benchmarks $(TEST_ARGS)

# A report, not a gate: it shows where to look, not whether the tests are good.
coverage: setup-test
	$(RUN) $(ONE_THREAD) python -m pytest -n $(JOBS) --cov --cov-report=term --cov-report=html:build/coverage $(TEST_ARGS)
	@echo "Line by line: build/coverage/index.html"

# The grader against programs that attack it: fork bombs, memory bombs, forged results.
walls: setup-test
	$(RUN) COURSE_WALLS=1 $(ONE_THREAD) python -m pytest -n $(JOBS) tests/grading $(TEST_ARGS)

mutants: setup-test
	$(RUN) python tools/mutants.py

# Needs no set-up, and makes none.
doctor:
	@$(FIND_PYTHON); "$$python" tools/doctor.py

constraints:
	$(PYTHON) tools/constraints.py

clean:
	rm -rf .venv .venv.discarded build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
