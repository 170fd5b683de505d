# `make` lists what there is. Everything runs in .venv, which `make install` creates.
PYTHON ?= python3
TORCH  ?= cpu
VENV   ?= .venv
CHROMIUM ?= /usr/bin/chromium

BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed-$(TORCH)
PIP     := $(BIN)/pip --disable-pip-version-check
PINNED  := -c constraints.txt
CPU     := --extra-index-url https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := help
.PHONY: help install demo test test-browser bench speed soak lab notebooks docs clean distclean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'
	@echo "  settings: PYTHON=$(PYTHON) (3.10 or newer), TORCH=$(TORCH) (cpu or cuda), VENV=$(VENV)"

install: $(STAMP) ## create .venv with the versions of constraints.txt; TORCH=cuda for the GPU build

# pip prefers the +cpu build of the pinned version wherever it finds one. One short try with PyTorch's own
# index; if that cannot be had, whatever pip is set up to use.
$(STAMP): settings.ini setup.py pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info<(3,10))' || { echo "Python 3.10 or newer is needed: make install PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifeq ($(TORCH),cpu)
	@$(PIP) install $(PINNED) $(CPU) --timeout 10 --retries 0 torch \
	  || { echo "PyTorch's CPU index gave nothing: trying pip's own sources"; $(PIP) install $(PINNED) torch; }
else
	@case "$$($(PIP) list 2>/dev/null)" in *+cpu*) $(PIP) uninstall -y torch;; esac
	@$(PIP) install $(PINNED) torch
endif
	@$(PIP) install 'setuptools>=77'
	@$(PIP) install $(PINNED) --no-build-isolation -e '.[dev]'
	@touch $@

demo: install ## watch a small model learn while it reads
	$(BIN)/neuromem demo

test: install ## notebooks, exported code, stored outputs, package
	$(BIN)/python tests/run.py

notebooks: install ## execute notebooks to be stored, and clean them; NB=nbs/05_episodic.ipynb for one, else all
	for n in $(or $(NB),$(sort $(wildcard nbs/*.ipynb))); do \
	  NEUROMEM_STATIC=1 IN_TEST=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.store_widget_state=False $$n \
	  && $(BIN)/nbdev_clean --fname $$n || exit 1; \
	done

test-browser: install ## the widgets and `neuromem explore` in a real browser (adds playwright, Voilà and Debian's chromium); pictures in runs/browser
	$(PIP) install -q $(PINNED) --no-build-isolation -e '.[browser,explore]'
	@test -x $(CHROMIUM) || { sudo=; test "$$(id -u)" = 0 || sudo='sudo -n'; $$sudo apt-get update -q && $$sudo apt-get install -yq --no-install-recommends chromium; } \
	  || { echo "Chromium is missing and cannot be installed from here: install the package chromium, or name one with CHROMIUM=PATH"; exit 1; }
	CHROMIUM=$(CHROMIUM) $(BIN)/python tests/browser.py

bench: install ## run all experiments again (hours; adds models of others); one of them: neuromem bench NAME; their verdicts: neuromem bench --check
	$(PIP) install -q $(PINNED) --no-build-isolation -e '.[bench]'
	$(BIN)/neuromem bench --all --again

speed: install ## speed beside other models (adds mambapy); neuromem bench-speed --check fails on a missed target
	$(PIP) install -q $(PINNED) --no-build-isolation -e '.[bench]'
	$(BIN)/neuromem bench-speed

soak: install ## kills, full disks, damaged files, bad inputs, then a million tokens in eight sessions; goes on where it was interrupted
	$(BIN)/python -m neuromem_lit.reliability

lab: install ## the notebooks in JupyterLab
	$(BIN)/jupyter lab nbs

docs: install ## the notebooks and the API as a web site in _docs, without running them: open _docs/index.html
	$(BIN)/python docs/pages.py

clean: ## remove what building and testing leave behind
	rm -rf build dist _proc _docs .pytest_cache *.egg-info
	find nbs neuromem_lit tests -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

distclean: clean ## clean, and remove .venv
	rm -rf $(VENV)
