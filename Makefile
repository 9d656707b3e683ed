# `make demo` demonstrates docmill, `make test` runs its tests. Both build with the
# release profile, so that llama.cpp is compiled once.

PREFIX ?= $(HOME)/.local
DATA   := $(if $(XDG_DATA_HOME),$(XDG_DATA_HOME),$(HOME)/.local/share)

# Evaluated when a recipe runs, since `setup` may just have installed it.
with_ccache = if command -v ccache >/dev/null; then \
	export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi;
# Other files beside the inputs are not documents.
fixtures = find fixtures -name 'input.*' -print0 | sort -z

.PHONY: help demo test setup build pull docs fmt lint bench torture soak deny fuzz install weights weights-test weights-fonts

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: pull ## Install what is missing, build, read the fixtures, show the rows
	@mkdir -p target; rm -f target/demo.db*; $(with_ccache) \
	echo "demo: reading fixtures/ takes 1 to 2 minutes"; \
	code=0; $(fixtures) | xargs -0 cargo run --release --quiet -- --db target/demo.db run || code=$$?; \
	case $$code in 0) ;; \
	  123) echo "demo: done. Some rows need a person, or a page failed. Not installed, docmill is target/release/docmill:"; \
	       echo "  target/release/docmill --db target/demo.db status    # lists them"; \
	       echo "  target/release/docmill --db target/demo.db review    # settles them in a browser" ;; \
	  *) exit $$code ;; esac

test: pull ## Install what is missing, run every test
	@$(with_ccache) DOCMILL_REQUIRE_ENGINES=1 cargo test --release

setup: ## Install what building and running needs (cmake, libclang, PDFium)
	@.ci/setup.sh

build: setup ## Build target/release/docmill
	@$(with_ccache) cargo build --release

pull: build ## Fetch the weights that others made (docmill models pull)
	@$(with_ccache) cargo run --release --quiet -- models pull

docs: build ## Make the generated pages of docs/ and the picture of README.md again
	@$(with_ccache) cargo run --release --quiet -- config --reference >target/settings.md && mv target/settings.md docs/settings.md
	@$(with_ccache) DOCMILL_UPDATE_DOCS=1 cargo test --release --quiet --test it -- troubleshooting
	python3 docs/record.py

fmt: ## Format the code
	cargo fmt

lint: setup ## Check format and lints
	cargo fmt --check
	@$(with_ccache) cargo clippy --release --all-targets -- -D warnings

bench: build ## Measure a run over the fixtures
	@$(fixtures) | xargs -0 cargo run --release --quiet -- bench

torture: setup ## Kill docmill hundreds of times at random moments, compare the rows (KILLS= PAGES= SEED= OUT=)
	@$(with_ccache) DOCMILL_TORTURE_KILLS=$(or $(KILLS),300) DOCMILL_TORTURE_PAGES=$(or $(PAGES),300) \
	DOCMILL_TORTURE_SEED=$(or $(SEED),1) DOCMILL_TORTURE_DIR="$(abspath $(or $(OUT),torture))" \
	cargo test --release --test it torture -- --nocapture

soak: build ## Run over many small pages, one in four to read, plot the memory of each process (PAGES= EVERY= OUT=)
	python3 benches/soak.py --pages $(or $(PAGES),10000) --every $(or $(EVERY),4) --out "$(or $(OUT),soak)"

deny: ## Check licences, sources and versions of what docmill is built from
	@.ci/deny.sh

fuzz: ## Fuzz each parser, RUNS=1000000 times in all; goes on where it ended
	@fuzz/run.sh

install: pull ## Install program, models, man pages and completions under PREFIX
	@$(with_ccache) cargo install --path . --root "$(PREFIX)" --no-track --force --locked --profile release
	@# Line tables of the dependencies are three quarters of the file. Names of functions stay.
	@strip -S "$(PREFIX)/bin/docmill" "$(PREFIX)/bin/docmill-sandbox-test"
	install -d "$(PREFIX)/share/docmill/models/clip" "$(PREFIX)/lib"
	cp -r models/. "$(PREFIX)/share/docmill/models/"
	[ "$(DATA)/docmill/models" -ef "$(PREFIX)/share/docmill/models" ] || cp -r "$(DATA)/docmill/models/." "$(PREFIX)/share/docmill/models/"
	install -m 755 "$(DATA)/docmill/lib/libpdfium.so" "$(PREFIX)/lib/"
	"$(PREFIX)/bin/docmill" man --out "$(PREFIX)/share/man/man1"
	install -d "$(PREFIX)/share/bash-completion/completions" "$(PREFIX)/share/zsh/site-functions" "$(PREFIX)/share/fish/vendor_completions.d"
	"$(PREFIX)/bin/docmill" completions bash >"$(PREFIX)/share/bash-completion/completions/docmill"
	"$(PREFIX)/bin/docmill" completions zsh >"$(PREFIX)/share/zsh/site-functions/_docmill"
	"$(PREFIX)/bin/docmill" completions fish >"$(PREFIX)/share/fish/vendor_completions.d/docmill.fish"
	"$(PREFIX)/bin/docmill" doctor

# --- the default weights: training/README.md ---

PYTHON := .venv/bin/python

training/.venv: training/requirements.txt
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

weights-fonts: training/.venv ## Install the fonts and the word list that pages are made with (Debian, as root)
	apt-get install -y --no-install-recommends $$(cd training && $(PYTHON) -m weights packages)

weights: training/.venv ## Train the default weights into training/runs (hours on a CPU; goes on when run again)
	cd training && $(PYTHON) -m weights base && $(PYTHON) -m weights reader && $(PYTHON) -m weights reader-export \
		&& $(PYTHON) -m weights questions && $(PYTHON) -m weights questions-export \
		&& $(PYTHON) -m weights clip-pages && $(PYTHON) -m weights clip \
		&& $(PYTHON) -m weights look-pages --clip runs/clip && $(PYTHON) -m weights look && $(PYTHON) -m weights plot runs/*.jsonl

weights-test: training/.venv ## Test how the default weights are made
	cd training && $(PYTHON) -m pytest -q tests
