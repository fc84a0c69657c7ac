# actmem: core (C17), command line, wasm, page. `make help` lists the targets.

PORT  ?= 8080
PREFIX  ?= /usr/local
DESTDIR ?=
GCC   ?= gcc
CLANG ?= clang
EMCC  ?= emcc
JOBS  ?= $(shell getconf _NPROCESSORS_ONLN)
SHELL := bash
JSMN  ?= $(firstword $(wildcard /usr/include/jsmn.h /usr/local/include/jsmn.h /opt/homebrew/include/jsmn.h))

# ---------------------------------------------------------------- flags

STANDARD := -std=c17
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Werror
FRAMES   := -Wframe-larger-than=4096
INCLUDES := -Icore -Iwasm -isystem build/include
COMPILE  := $(STANDARD) $(WARNINGS) $(INCLUDES) -MMD -MP

# Native flavours. Sanitizers put guards around locals, so frames are not measured there, and make a process slow to fork.
# Each test has a process of its own in one flavour, clang's; in the others, where that costs time, one follows the other.
COMPILER_gcc   := $(GCC)
COMPILER_clang := $(CLANG)
COMPILER_asan  := $(CLANG)
COMPILER_fuzz  := $(CLANG)
COMPILER_msan  := $(CLANG)
COMPILER_plain := $(CLANG)
COMPILER_coverage := $(GCC)
COMPILER_profile := $(CLANG)
CFLAGS_gcc     := -O2 -g
CFLAGS_clang   := -O2 -g
CFLAGS_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DAM_PROVE
CFLAGS_fuzz    := -O2 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DAM_PROVE
CFLAGS_msan    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,memory -DAM_PROVE
CFLAGS_plain   := -O0
CFLAGS_coverage := -O0 -g --coverage -fprofile-update=atomic -DAM_COVERAGE
CFLAGS_profile := -O1 -fprofile-instr-generate
CFLAGS_tests   := -O1 # compiled for their own sake; what they test keeps its flavour's flags
RUN_asan       := CK_FORK=no
RUN_gcc        := CK_FORK=no
FRAMES_gcc     := $(FRAMES)
FRAMES_clang   := $(FRAMES)

# Only .wasm, no generated JavaScript; memory neither imported nor growing. bench.wasm, the benchmark of a GPU, alone has imports. core.wasm gives the first answer and has 60 KB at most, gzipped:
# it is without the LATER models, stacks and loss heads. whole.wasm has everything. HOT files are inlined into one another as far as
# INLINE says: higher is faster and larger. The others run once in an evaluation, or play no part in it, and are small.
LATER        := alibi backward_repeat candidates chain changes choices choices_plan choices_report cost devices dtensor engine_ring expression falcon fit formulas front frontier fsdp gptj liger linear_loss lines live_parts map megatron \
                megatron_mla megatron_moe memory_budget mla moe names nanogpt neox offload opt optimizer paper paper_cost phi pipeline pipeline_schedule rank_frontier rank_moments rank_plans rank_search rank_segments ranks repeat report_chain \
                report_cost report_fit report_formulas report_map report_parts resolve_megatron resolve_policies resolve_stacks reversal revolve ring rotor schedules search segment stage stage_plans switches text_cost text_parts text_plan torch \
                torch_rank toy
HOT          := layout live step writer
INLINE_first := -mllvm -inline-threshold=100
CPU_wasm     := -mbulk-memory -msign-ext
CFLAGS_first := -DAM_FIRST -Os
WHOLE_PROFILE ?= build/whole.profile
CFLAGS_whole := -O3 -fno-unroll-loops $(WHOLE_PROFILE:%=-fprofile-instr-use=% -Wno-profile-instr-unprofiled)
CFLAGS_gpu   := -Os
LDFLAGS_wasm := -flto $(CPU_wasm) --no-entry -sSTANDALONE_WASM -sTOTAL_STACK=65536

CHECK_CFLAGS = $(shell pkg-config --cflags check)
CHECK_LIBS   = $(shell pkg-config --libs check)

# ---------------------------------------------------------------- files

CLI    := $(wildcard core/cli*.c)
CORE   := $(filter-out $(CLI),$(wildcard core/*.c))
BENCH  := $(addprefix wasm/,agenda.c bench.c kernels.c program.c sampling.c timing.c truth.c)
TESTS  := $(wildcard tests/core/*.c tests/wasm/*.c)
SUITES := $(patsubst test_%.c,%,$(sort $(notdir $(wildcard tests/core/test_*.c tests/wasm/test_*.c))))
LOADER := $(wildcard wasm/*.ts) wasm/tsconfig.json

# Targets of libFuzzer, and its options: a text of inputs has 4096 characters at most.
FUZZERS     := text config evaluate
FUZZ_TIME   ?= 60
FUZZ_text     := -max_len=5000
FUZZ_config   := -max_len=4096 -dict=tests/fuzz/config.dict
FUZZ_evaluate := -max_len=1000

READY   := build/setup.stamp
ENGINES := build/engines.stamp
# The oracle's PyTorch, some gigabytes, in an environment of its own; PYTHON=… names a Python that has it already.
PYTHON  ?= build/oracle/bin/python
ORACLE  := $(filter build/oracle/bin/python,$(PYTHON))
LIGHTHOUSE := 12.8.2
COUNT   ?= 40
SEED    ?= 1
MODULES := web/node_modules/.package-lock.json
PAGE    := web/dist/index.html
SINGLE  := build/actmem.html
PACKAGE := build/actmem.tgz
BINARY  := $(addprefix web/made/,core.wasm whole.wasm bench.wasm)
WORDS   := web/made/tables.json web/made/validation.json

WEB_SOURCES = $(shell find web wasm -name node_modules -prune -o -path web/dist -prune -o -path '*.wasm' -prune -o -path web/made -prune -o -type f -print)

objects = $(patsubst %.c,build/$(1)/%.o,$(2))
say     = printf '  %-6s %s\n' $(1) $(2)
# A make below this one: as parallel as this one, or on all cores.
submake = $(MAKE) --silent --no-print-directory --output-sync=target $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

# A Node.js that tools/setup.sh fetched comes first.
export PATH := $(CURDIR)/build/node/bin:$(PATH)

.DELETE_ON_ERROR:
.PHONY: all run test bars bench bench-gpu bench-peers lighthouse fuzz duckdb coverage install uninstall reference instructions lint memory determinism trixie release audit oracle random single package wasm format clean distclean help setup force

all: build/actmem ## the command line (the default)

# ---------------------------------------------------------------- what people call

run: $(READY) ## build everything and serve the page on http://localhost:8080 (PORT=… for another)
	@$(submake) build/actmem $(PAGE)
	@printf '\n  actmem runs at http://localhost:%s  (Ctrl-C ends it)\n\n' $(PORT)
	@cd web && exec node_modules/.bin/vite preview --logLevel warn --host 127.0.0.1 --port $(PORT) --strictPort

# The longest first, and what they need is built first: what is short fills the end.
STAGES := browser check-asan gpu check-clang check-gcc engines unit wasm cli-asan cli-gcc package types

test: $(READY) $(ENGINES) ## build and run every test
	@rm -rf build/test
	@$(submake) --keep-going $(STAGES:%=test-%); status=$$?; tools/stage.sh --total $(STAGES) && exit $$status

bench: $(READY) ## measure design's bars: an evaluation, native and in wasm, its stages and growth, and the page in Chromium
	@$(submake) build/bench build/core.wasm build/whole.wasm build/tables.json build/loader/actmem.js $(PAGE)
	@node tests/bench/bench.mjs
	@node tests/bench/page.mjs

bars: $(READY) $(ENGINES) build/lighthouse/node_modules/lighthouse/package.json ## measure every bar, and say of each whether it holds: some 20 minutes of a quiet machine
	@$(submake) build/bench build/actmem build/gcc/check build/asan/check build/core.wasm build/whole.wasm build/bench.wasm build/tables.json build/loader/actmem.js $(PAGE) $(SINGLE) $(FUZZERS:%=build/fuzz/%) $(FUZZERS:%=build/msan/%)
	@FUZZ_TIME=$(FUZZ_TIME) ONLY='$(ONLY)' node tests/bench/bars.mjs

bench-peers: build/peers/bin/python ## the same questions asked of llm-analysis, and of PyTorch itself if `make oracle` has installed it
	@$(submake) build/bench build/actmem
	@$< -W ignore tests/bench/peers.py

lighthouse: $(READY) build/lighthouse/node_modules/lighthouse/package.json ## Lighthouse's four scores of every page, on a phone and on a desktop
	@$(submake) $(PAGE)
	@node tests/bench/lighthouse.mjs

bench-gpu: $(READY) ## matrix products by WebGPU beside TensorFlow.js and ONNX Runtime Web, and the page's frames (FLAGS=… of Chromium)
	@$(submake) build/bench-kernels.json $(PAGE) tests/bench/gpu/node_modules/.package-lock.json
	@FLAGS='$(FLAGS)' node tests/bench/gpu/bench.mjs

fuzz: $(READY) ## give each fuzz target what nobody would type for FUZZ_TIME=… seconds (FUZZERS=… for some)
	@$(submake) $(FUZZERS:%=build/fuzz/%)
	@status=0; $(foreach name,$(FUZZERS),tools/fuzz.sh $(name) $(FUZZ_TIME) $(FUZZ_$(name)) || status=1;) exit $$status

oracle: build/actmem $(ORACLE) ## measure tests/fixtures again with PyTorch and compare (ONLY=… for names that contain it)
	@$(PYTHON) -W ignore tests/oracle/fixtures.py --only '$(ONLY)'

random: build/actmem build/allocations $(ORACLE) ## measure COUNT=… random configurations and compare (SEED=…, STACKS=…, ONLY=… for families of hf)
	@$(PYTHON) -W ignore tests/oracle/random_cases.py --count $(COUNT) --seed '$(SEED)' --only '$(ONLY)' --stacks '$(STACKS)'

# What is installed, below PREFIX.
INSTALLED := bin/actmem share/man/man1/actmem.1 share/bash-completion/completions/actmem share/zsh/site-functions/_actmem \
             share/fish/vendor_completions.d/actmem.fish share/doc/actmem/reference.md

install: $(INSTALLED:%=build/install/%) ## the command line, its manual page and completions below PREFIX=/usr/local (DESTDIR=…)
	@for file in $(INSTALLED); do \
		install -D -m $$(case $$file in bin/*) echo 755 ;; *) echo 644 ;; esac) build/install/$$file '$(DESTDIR)$(PREFIX)'/$$file || exit; \
	done

uninstall: ## remove what install put there
	@cd '$(DESTDIR)$(PREFIX)' && rm -f $(INSTALLED) && rmdir share/doc/actmem 2>/dev/null || true

instructions: $(READY) ## count an evaluation's instructions with callgrind, against the stored ones (WRITE=yes stores them)
	@$(submake) build/bench
	@bash tests/bench/instructions.sh build/bench $(WRITE:yes=--write)

lint: $(READY) ## gcc's and clang's analysers, cppcheck and clang-tidy over the C files
	@$(submake) build/include/jsmn.h
	@tools/lint.sh

memory: $(READY) ## every preset and the fuzzers' corpus under MemorySanitizer
	@$(submake) $(FUZZERS:%=build/msan/%)
	@$(foreach name,$(FUZZERS),build/msan/$(name) -runs=0 tests/fuzz/corpus/$(name) >build/msan/$(name).log 2>&1 || { tail -n 30 build/msan/$(name).log; exit 1; };) echo '  ok   nothing uninitialised is read'

determinism: $(READY) ## the same bytes from gcc and clang at -O0 and -O2, and the same wasm from two folders
	@$(submake) build/gcc/actmem build/clang/actmem build/coverage/actmem build/plain/actmem
	@tools/determinism.sh

trixie: $(READY) ## the wasm by Debian trixie's Emscripten, in build/trixie (3 GB, as root), says the native build's bytes
	@$(submake) build/actmem build/tables.json build/loader/actmem.js build/include/jsmn.h
	@tools/trixie.sh

release: $(READY) ## all that a release publishes, with checksums and a CycloneDX list, in build/release; installed and tried
	@$(submake) $(PAGE)
	@$(submake) build/actmem $(SINGLE) $(PACKAGE) $(INSTALLED:%=build/install/%)
	@tools/release.sh

audit: $(READY) ## known holes in what npm installs: none in what is shipped, no high one in what builds it
	@cd web && npm audit --omit=dev --audit-level=low && npm audit --audit-level=high

coverage: $(READY) ## lines and branches of core/ and wasm/ that the tests reach, against tests/coverage.txt (WRITE=yes stores them)
	@$(submake) build/coverage/check build/coverage/actmem
	@tools/coverage.sh $(WRITE:yes=--write)

duckdb: build/actmem build/duckdb/bin/python ## read what a sweep writes with DuckDB and pandas, as it is
	@build/duckdb/bin/python tests/sweep/read.py $<

reference: build/install/share/doc/actmem/reference.md ## every key, error, operation, GPU, model, formula and view as Markdown, from the tables
	@echo $<

single: $(SINGLE) ## the page in one file that opens from a disk: build/actmem.html

package: $(PACKAGE) ## the npm package: build/actmem.tgz

wasm: $(BINARY) $(WORDS) ## what the page loads beside its own code

setup: $(READY) ## install what is missing on Debian 12; elsewhere say what to install

format: ## lay out the changed lines of the C files with clang-format; tables keep the layout that they were given
	@git clang-format --extensions c,h

clean: ## remove what was built, keep what was installed
	@rm -rf build/actmem build/bench build/bench-* build/*.wasm build/tables.json build/validation.json build/suites.def build/include build/loader build/test $(SINGLE) build/single $(PACKAGE) build/package \
	        build/gcc build/clang build/asan build/first build/whole build/gpu web/dist $(BINARY) $(WORDS)

distclean: clean ## remove what was installed into the project too
	@rm -rf build web/node_modules tests/bench/gpu/node_modules

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '  make %-10s %s\n' build/actmem 'the command line alone' test-STAGE 'one stage: $(STAGES)'

$(READY): tools/setup.sh
	@mkdir -p build
	@tools/setup.sh
	@touch $@

$(ENGINES): $(READY)
	@tools/setup.sh engines
	@touch $@

# ---------------------------------------------------------------- native

build/include/jsmn.h: $(JSMN)
	@$(if $(JSMN),,echo 'jsmn.h is missing: "make setup" installs it (Debian: libjsmn-dev)' >&2; exit 1)
	@mkdir -p $(@D)
	@cp $< $@

build/suites.def: force
	@mkdir -p build
	@printf 'SUITE(%s)\n' $(SUITES) | cmp -s - $@ || printf 'SUITE(%s)\n' $(SUITES) > $@

# The objects of one flavour in build/FLAVOUR/, and its Check suites.
define flavour
build/$(1)/core/%.o: core/%.c | build/include/jsmn.h
	@$$(call say,$(1),$$<)
	@mkdir -p $$(@D)
	@$(COMPILER_$(1)) $(COMPILE) $(FRAMES_$(1)) $(CFLAGS_$(1)) -c $$< -o $$@

build/$(1)/wasm/%.o: wasm/%.c
	@$$(call say,$(1),$$<)
	@mkdir -p $$(@D)
	@$(COMPILER_$(1)) $(COMPILE) $(FRAMES_$(1)) $(CFLAGS_$(1)) -c $$< -o $$@

build/$(1)/tests/%.o: tests/%.c | build/include/jsmn.h build/suites.def
	@$$(call say,$(1),$$<)
	@mkdir -p $$(@D)
	@$(COMPILER_$(1)) $(COMPILE) -Itests/core -Itests/wasm -Ibuild $$(CHECK_CFLAGS) $(CFLAGS_$(1)) $(if $(filter coverage,$(1)),,$(CFLAGS_tests)) -c $$< -o $$@

build/$(1)/tests/core/main.o: build/suites.def

build/$(1)/check: $(call objects,$(1),$(filter-out core/ops.c,$(CORE)) wasm/exports.c $(BENCH) $(TESTS))
	@$$(call say,$(1),$$@)
	@$(COMPILER_$(1)) $(CFLAGS_$(1)) $$^ $$(CHECK_LIBS) -lm -o $$@

build/$(1)/actmem: $(call objects,$(1),$(CORE) $(CLI))
	@$$(call say,$(1),$$@)
	@$(COMPILER_$(1)) $(CFLAGS_$(1)) -pthread $$^ -o $$@
endef

$(foreach f,gcc clang asan fuzz coverage msan plain profile,$(eval $(call flavour,$(f))))

build/actmem: build/gcc/actmem
	@cp $< $@

define fuzzer
build/$(1)/$(2): $(call objects,$(1),tests/fuzz/$(2).c tests/fuzz/invariants.c $(CORE))
	@$$(call say,$(1),$$@)
	@$(CLANG) $(CFLAGS_$(1)) -fsanitize=fuzzer $$^ -o $$@
endef

$(foreach f,fuzz msan,$(foreach t,$(FUZZERS),$(eval $(call fuzzer,$(f),$(t)))))

build/install/bin/actmem: build/actmem
	@mkdir -p $(@D)
	@cp $< $@

build/install/share/man/man1/actmem.1: WORDS_OF := --manual
build/install/share/doc/actmem/reference.md: WORDS_OF := --reference
# The views are the page's, and in its own tables.
build/install/share/doc/actmem/reference.md: build/actmem web/src/widget/views.ts web/src/views/app.tsx
	@mkdir -p $(@D)
	@$< $(WORDS_OF) > $@
	@printf '\n## Views\n\nOf `<activation-memory view="…">`.\n\n| view | what it shows |\n|---|---|\n' >> $@
	@sed -n "s/^  \['\([a-z]*\)', '\(.*\)'\],$$/| \`\1\` | \2 |/p" web/src/widget/views.ts | grep . >> $@
	@printf '\nOf the page.\n\n| view | what it answers |\n|---|---|\n' >> $@
	@sed -n "s/^  \['[a-z]*', '\(.*\)', '\(.*\)'\],$$/| \1 | \2 |/p" web/src/views/app.tsx | grep . >> $@
build/install/share/bash-completion/completions/actmem: WORDS_OF := --completion=bash
build/install/share/zsh/site-functions/_actmem: WORDS_OF := --completion=zsh
build/install/share/fish/vendor_completions.d/actmem.fish: WORDS_OF := --completion=fish
build/install/share/%: build/actmem
	@mkdir -p $(@D)
	@$< $(WORDS_OF) > $@

build/bench: $(call objects,gcc,$(CORE) wasm/exports.c tests/bench/bench.c)
	@$(call say,gcc,$@)
	@$(GCC) $(CFLAGS_gcc) $^ -o $@

build/allocations: $(call objects,gcc,$(CORE) tests/oracle/allocations.c)
	@$(call say,gcc,$@)
	@$(GCC) $(CFLAGS_gcc) $^ -o $@

build/bench-kernels: $(call objects,gcc,wasm/kernels.c wasm/program.c core/writer.c tests/bench/gpu/kernels.c)
	@$(call say,gcc,$@)
	@$(GCC) $(CFLAGS_gcc) $^ -o $@

build/bench-kernels.json: build/bench-kernels
	@$< 512 1024 > $@

# ---------------------------------------------------------------- wasm

define wasm_flavour
build/$(1)/%.o: %.c | build/include/jsmn.h
	@$$(call say,emcc,$$<)
	@mkdir -p $$(@D)
	@$$(EMCC) $$(COMPILE) $$(FRAMES) $$(CFLAGS_$(1)) $$(CFLAGS_hot) -flto $$(CPU_wasm) -c $$< -o $$@

endef

$(foreach f,first whole gpu,$(eval $(call wasm_flavour,$(f))))

$(HOT:%=build/first/core/%.o): CFLAGS_hot := -O2 -fno-unroll-loops $(INLINE_first)
$(call objects,whole,$(CORE) wasm/exports.c): $(WHOLE_PROFILE)

# How often each branch is taken, as a native build counts it: by clang, whose version is Emscripten's.
build/whole.profile: build/profile/actmem wasm/profile.txt
	@$(call say,clang,$@)
	@rm -f build/profile/*.raw
	@i=0; while read -r text; do LLVM_PROFILE_FILE=build/profile/$$((i += 1)).raw $< --json "$$text" >/dev/null || exit; done < wasm/profile.txt
	@$$($(CLANG) -print-prog-name=llvm-profdata) merge -o $@ build/profile/*.raw
	@$(EMCC) -fprofile-instr-use=$@ -x c -c /dev/null -o build/profile/read.o || { echo 'emcc cannot read what this clang counts: name a clang of its version by CLANG=…, or build without: make WHOLE_PROFILE=' >&2; exit 1; }

build/core.wasm build/whole.wasm build/bench.wasm: LEVEL := -Os
build/core.wasm: LEVEL := -Oz -sBINARYEN_EXTRA_PASSES=--converge
build/core.wasm: ONCE_MORE := && wasm-opt --enable-bulk-memory --enable-sign-ext -Oz --converge build/core.wasm -o build/core.wasm
build/core.wasm: INLINE := $(INLINE_first)
build/core.wasm: MEMORY := 4194304
build/core.wasm: $(call objects,first,$(filter-out $(LATER:%=core/%.c),$(CORE)) wasm/exports.c wasm/first.c)
build/whole.wasm: LEVEL := -O3
build/whole.wasm: MEMORY := 37748736
build/whole.wasm: $(call objects,whole,$(CORE) wasm/exports.c)
build/bench.wasm: MEMORY := 8388608
build/bench.wasm: IMPORTS := -sERROR_ON_UNDEFINED_SYMBOLS=0 -sWARN_ON_UNDEFINED_SYMBOLS=0
build/bench.wasm: $(call objects,gpu,$(BENCH) core/writer.c)
build/core.wasm build/whole.wasm build/bench.wasm: build/%.wasm:
	@$(call say,emcc,$@)
	@$(EMCC) $(LEVEL) $(LDFLAGS_wasm) -sINITIAL_MEMORY=$(MEMORY) $(INLINE:%=-Wl,%) $(IMPORTS) $^ -o $@ $(ONCE_MORE)

web/made/%.wasm: build/%.wasm
	@mkdir -p $(@D)
	@cp $< $@

build/tables.json: build/actmem
	@$< --tables=inputs > $@

# What the Validation page shows: computed anew when the core or the measured cases change.
build/validation.json: tools/validation.mjs build/whole.wasm build/loader/actmem.js $(wildcard tests/fixtures/*.json tests/fixtures/configs/*.json)
	@$(call say,node,$@)
	@node $< > $@

web/made/%.json: build/%.json
	@mkdir -p $(@D)
	@cmp -s $< $@ || cp $< $@

build/loader/actmem.js: $(LOADER) | $(MODULES)
	@$(call say,tsc,$@)
	@web/node_modules/.bin/tsc -p wasm --outDir $(@D)
	@echo '{ "type": "module" }' > $(@D)/package.json
	@touch $@

build/gpu/wasm/truth.o: CFLAGS_hot := -O2

# ---------------------------------------------------------------- page

$(MODULES): web/package.json web/package-lock.json | $(READY)
	@$(call say,npm,web/node_modules)
	@cd web && npm ci --loglevel=error --no-audit --no-fund >../build/npm.log 2>&1 || { cat ../build/npm.log >&2; exit 1; }
	@touch $@

# What make bench-gpu compares with: for nothing else.
tests/bench/gpu/node_modules/.package-lock.json: tests/bench/gpu/package.json tests/bench/gpu/package-lock.json | $(READY)
	@$(call say,npm,tests/bench/gpu/node_modules)
	@cd tests/bench/gpu && npm ci --ignore-scripts --loglevel=error --no-audit --no-fund >../../../build/npm-bench.log 2>&1 || { cat ../../../build/npm-bench.log >&2; exit 1; }
	@touch $@

$(PAGE): $(WEB_SOURCES) $(BINARY) $(WORDS) $(MODULES)
	@$(call say,vite,web/dist)
	@cd web && npm run --silent build -- --logLevel warn
	@touch $@

$(SINGLE): $(WEB_SOURCES) $(BINARY) $(WORDS) $(MODULES)
	@$(call say,vite,$@)
	@cd web && npm run --silent build:single -- --logLevel warn
	@mv build/single/single.html $@

# The loader as it is compiled, all in one folder; the element as Vite packs it.
$(PACKAGE): $(wildcard package/*) $(WEB_SOURCES) $(BINARY) $(WORDS) $(MODULES) README.md LICENSE
	@$(call say,npm,$@)
	@rm -rf build/package
	@web/node_modules/.bin/tsc -p package
	@mv build/package/made/package/* build/package/made/wasm/* build/package/ && rm -r build/package/made
	@sed -i 's#\.\./wasm/#./#' build/package/*.js build/package/*.d.ts
	@cd web && npm run --silent build:package -- --logLevel warn
	@cp package/package.json package/README.md package/element.d.ts LICENSE web/made/whole.wasm build/package/
	@cd build/package && mv "$$(npm pack --silent)" ../$(@F)

# ---------------------------------------------------------------- the oracle

build/oracle/bin/python: tests/oracle/requirements.txt tests/oracle/requirements-alone.txt
	@$(call say,pip,build/oracle)
	@python3 -m venv --clear build/oracle
	@build/oracle/bin/pip install --quiet --disable-pip-version-check -r $<
	@build/oracle/bin/pip install --quiet --disable-pip-version-check --no-deps -r $(word 2,$^)
	@touch $@

build/duckdb/bin/python: tests/sweep/requirements.txt
	@$(call say,pip,build/duckdb)
	@python3 -m venv --clear build/duckdb
	@build/duckdb/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

build/peers/bin/python: tests/bench/requirements.txt
	@$(call say,pip,build/peers)
	@python3 -m venv --clear build/peers
	@build/peers/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

build/lighthouse/node_modules/lighthouse/package.json: | $(READY)
	@$(call say,npm,build/lighthouse)
	@npm install --prefix build/lighthouse --loglevel=error --no-audit --no-fund lighthouse@$(LIGHTHOUSE) >build/npm-lighthouse.log 2>&1 || { cat build/npm-lighthouse.log >&2; exit 1; }

# ---------------------------------------------------------------- stages of make test

.PHONY: $(STAGES:%=test-%) test-docs

$(filter test-check-%,$(STAGES:%=test-%)): test-check-%: build/%/check
	@tools/stage.sh check-$* env $(RUN_$*) $<

$(filter test-cli-%,$(STAGES:%=test-%)): test-cli-%: build/%/actmem
	@tools/stage.sh cli-$* bash -c 'status=0; for test in tests/core/test_cli*.sh; do bash "$$test" $< || status=1; done; exit $$status'

test-wasm: build/core.wasm build/whole.wasm build/bench.wasm build/tables.json build/validation.json build/loader/actmem.js build/actmem
	@tools/stage.sh wasm node --test --test-reporter=spec tests/wasm/*.test.mjs

test-types: $(MODULES)
	@tools/stage.sh types npm --prefix web run --silent typecheck

test-unit: $(MODULES) $(BINARY) $(WORDS)
	@tools/stage.sh unit npm --prefix web run --silent test

test-package: $(PACKAGE) build/actmem build/tables.json
	@tools/stage.sh package node --test --test-reporter=spec tests/package/*.test.mjs

test-browser: $(PAGE) $(SINGLE) build/loader/actmem.js
	@tools/stage.sh browser npm --prefix web run --silent test:browser

test-engines: $(PAGE) build/actmem build/whole.wasm build/loader/actmem.js
	@tools/stage.sh engines node tests/web/engines.test.mjs

test-docs: $(PAGE) ## open the element in MkDocs, Sphinx, VitePress, Docusaurus and a notebook, which it installs into build/docs
	@tools/stage.sh docs node --test --test-reporter=spec tests/docs/*.test.mjs

test-gpu: $(PAGE) build/bench.wasm build/whole.wasm build/loader/actmem.js
	@tools/stage.sh gpu node tests/web/gpu.test.mjs

-include $(wildcard build/*/core/*.d build/*/wasm/*.d build/*/tests/*/*.d)
