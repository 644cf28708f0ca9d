PYTHON ?= python3
PORT ?= 8000

BIN := .venv/bin
INSTALLED := .venv/.installed
HALF_INSTALLED := .venv/.half-installed
ASSETS := build/assets
SITE := _build/html
ALONE = $(BIN)/python -m edulib.authoring alone build/.lock
GRADING = $(BIN)/python -m edulib.grading --course $(COURSE)
COURSE ?= course
JOBS ?= 2
SPREAD = -n $(JOBS) --durations=10
STUDENTS ?= 200

BOOK_SOURCES := $(shell find book -type f -not -path '*/.ipynb_checkpoints/*')
CHAPTERS_AND_MODELS := $(shell find book edulib/anatomy edulib/authoring edulib/models edulib/registry -name "*.ipynb" -o -name "*.py" -o -name "*.toml")
BUILD_SOURCES := $(shell find edulib/authoring edulib/registry edulib/chapters edulib/exercises -name "*.py" -o -name "*.toml" -o -name "*.json")

.DELETE_ON_ERROR:
.PHONY: help book serve test check lint lists execute experiments processors bench gpu student host address release clean
.PHONY: assignments collect grade feedback grades gradescope class
needs = $(foreach name,$(1),$(if $($(name)),,$(error make $@ needs $(name)=...)))

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

book: $(SITE)/.built ## build the site
	@echo "The book: $(abspath $(SITE))/index.html (make serve shows it)"

serve: book ## show the site at http://127.0.0.1:8000 (PORT=... for another port)
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

test: check lint book ## everything: linters, tests, every cell of every chapter (JOBS=2)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SPREAD) --dist worksteal -rs --doctest-modules edulib tests
	$(BIN)/python -m pytest $(SPREAD) --dist loadfile --nbval book/

check: $(INSTALLED) ## ruff: style of the code, of the cells too; names of tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@! git ls-files 'tests/*/test_*.py' | sed 's|.*/||' | sort | uniq -d \
	  | grep . || { echo "pytest takes no two files of one name" >&2; exit 1; }

lint: $(INSTALLED) ## the rules of a chapter: sections, alt texts, lengths
	$(BIN)/python -m edulib.authoring lint

execute: $(INSTALLED) ## run chapters in place: make execute CHAPTERS=book/.../x.ipynb
	$(BIN)/python -m edulib.authoring execute $(CHAPTERS)

lists: $(INSTALLED) ## renew _toc.yml and the README's list from chapters.toml
	$(BIN)/python -m edulib.authoring lists

experiments: $(INSTALLED) ## train what chapters' experiments miss, one network at a time (NAMES=...)
	$(BIN)/python -m edulib.experiments run $(NAMES)

processors: $(INSTALLED) ## run chapters as other processors would (CHAPTERS=...)
	$(BIN)/python -m edulib.authoring processors $(CHAPTERS)

bench: $(INSTALLED) ## measure speed against torchvision and the textbook loop
	$(BIN)/python -m edulib.benchmarks

gpu: ## larger runs, then the bench, in pieces on a GPU (NAMES=..., PYTHON=one that has torch)
	@until $(PYTHON) -m edulib.experiments larger $(NAMES); do [ $$? -eq 75 ] || exit 1; done
	@for section in forward step operations training; do \
		$(PYTHON) -m edulib.benchmarks --skip-today --only $$section || exit 1; done

student: $(INSTALLED) ## write the notebooks without solutions into build/student
	@rm -rf build/student
	$(BIN)/python -m edulib.authoring student

host: $(INSTALLED) ## test as a reader's host would: HOST=oldest, colab or newest (7 GB, removed after)
	$(call needs,HOST)
	PYTHON=$(PYTHON) .ci/host $(HOST)

assignments: $(INSTALLED) ## hand out exercises: A=week1 SEED=... EXERCISES="lenet resnet-block"
	$(call needs,A SEED)
	$(GRADING) assign $(A) $(or $(EXERCISES),$(A)) --seed $(SEED) --source $(or $(SRC),book) $(if $(CHECKS),--checks $(CHECKS))

collect: $(INSTALLED) ## take the answers out of a folder of notebooks: A=week1 FROM=downloads
	$(call needs,A FROM)
	$(GRADING) collect $(A) $(FROM)

grade: $(INSTALLED) ## run and mark what was collected: A=week1 (JOBS=2 ISOLATE=yes SANDBOX=no)
	$(call needs,A)
	$(GRADING) grade $(A) --jobs $(JOBS) $(if $(ISOLATE),--isolate) $(if $(filter no,$(SANDBOX)),--no-sandbox)

feedback: $(INSTALLED) ## write a page for each student: A=week1
	$(call needs,A)
	$(GRADING) feedback $(A)

grades: $(INSTALLED) ## write the table of all marks
	$(GRADING) grades

class: $(INSTALLED) ## simulate a class and time its grading (STUDENTS=200)
	$(BIN)/python tests/grading/simulate_class.py --students $(STUDENTS)

gradescope: $(INSTALLED) ## write the zip for Gradescope: A=week1
	$(call needs,A)
	$(GRADING) gradescope $(A)

address: $(INSTALLED) ## move the repository: make address URL=https://...
	$(BIN)/python -m edulib.authoring address $(URL)

release: $(INSTALLED) ## commit and tag an edition, begin the next: make release VERSION=0.1.0
	$(call needs,VERSION)
	$(BIN)/python -m edulib.authoring release $(VERSION)

clean: ## remove what was built, but not the environment
	rm -rf _build build

# A mark stands while pip is at work, so that an interrupted installation is made anew.
$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The book needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.12 book")'
	@if [ ! -x $(BIN)/pip ] || [ -e $(HALF_INSTALLED) ]; then $(PYTHON) -m venv --clear .venv; fi
	@touch $(HALF_INSTALLED)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm $(HALF_INSTALLED)
	@touch $@

$(ASSETS)/.made: $(INSTALLED) $(CHAPTERS_AND_MODELS)
	$(ALONE) $(BIN)/python -m edulib.authoring assets $(ASSETS)
	@touch $@

# Always whole: a partial build would forget the warnings of the pages that it skips.
$(SITE)/.built: $(ASSETS)/.made _config.yml _toc.yml $(BOOK_SOURCES) $(BUILD_SOURCES)
	$(ALONE) sh -c 'rm -rf $(SITE) && $(BIN)/jupyter-book build . --all -W --keep-going -n --quiet && touch $@'
