# vishwa: one non-recursive Makefile.
#
#   make            the programs, linked at the root of the tree
#   make deps       install the Debian packages that are missing (the only rule that calls apt)
#   make check      all tests; SAN=1 builds and runs them under ASan and UBSan in build/san
#   make demo       the main job and its report
#   make bench      speed, as ratios in one run; simulator and loss laws against published figures
#   make docs-figures   the figures of docs/, from published runs in ../shared/reference (gnuplot)
#   make V=1        with the commands shown
#   make install    prefix, DESTDIR and the usual directory variables are honoured
#
# Goals given together with deps run after it, also under -j. Nothing about a library is asked
# before a rule needs it, so a machine without any of them can run `make deps check`.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:

VERSION := 0.1.0
prefix ?= /usr/local
bindir ?= $(prefix)/bin
datadir ?= $(prefix)/share
INSTALL ?= install

ifeq ($(origin CC),default)
CC := gcc
endif
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wmissing-prototypes \
            -Wdouble-promotion -Wvla -Werror -Wno-missing-field-initializers -Wno-format-truncation
# tables of data end in zeros: missing initializers are how they are written; texts for people are
# cut to their room on purpose
STANDARD := -std=c11 -D_POSIX_C_SOURCE=200809L -I. -DVSH_VERSION='"$(VERSION)"'
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=. -ffp-contract=off

ifeq ($(SAN),1)
B := build/san
OPTIMIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK := -fsanitize=address,undefined
else
B := build
OPTIMIZE := -O2 -g
LINK :=
endif
CFLAGS ?=
ALL_CFLAGS = $(STANDARD) $(OPTIMIZE) $(WARNINGS) $(REPRODUCIBLE) $(CFLAGS)

# one short line a step; V=1 shows the commands
ifdef V
quiet = $(2)
else
quiet = @printf '  %-5s %s\n' '$(1)' '$@'; $(2)
endif

PROGRAMS := vishwa-plan vishwa-sim vishwa-train
CORE := $(wildcard core/*.c)
PLANNER := $(wildcard planner/*.c planner/*/*.c)
SIM := $(wildcard sim/*.c sim/*/*.c)
TRAINER := $(wildcard trainer/*.c trainer/*/*.c)
UNIT := $(wildcard tests/unit/test_*.c tests/laws/test_*.c)
SIM_UNIT := $(wildcard tests/sim/test_*.c)
TRAINER_UNIT := $(wildcard tests/trainer/test_*.c tests/grad/test_*.c)
FUZZ := $(wildcard tests/fuzz/fuzz_*.c)

core_objects := $(CORE:%.c=$(B)/%.o)
planner_objects := $(PLANNER:%.c=$(B)/%.o)
planner_library := $(filter-out $(B)/planner/plan_main.o,$(planner_objects))
sim_objects := $(SIM:%.c=$(B)/%.o)
sim_library := $(filter-out $(B)/sim/sim_main.o,$(sim_objects))
trainer_objects := $(TRAINER:%.c=$(B)/%.o) $(B)/trainer/data/spm_shim.o
trainer_library := $(filter-out $(B)/trainer/train_main.o,$(trainer_objects))
unit_programs := $(UNIT:%.c=$(B)/%)
sim_programs := $(SIM_UNIT:%.c=$(B)/%)
trainer_programs := $(TRAINER_UNIT:%.c=$(B)/%)
fuzz_programs := $(FUZZ:%.c=$(B)/%)

# libgsl finds its own cblas; naming -lgslcblas ahead of OpenBLAS would silently win (docs/design.md)
core_libraries := -lyaml -lm -ldl -lpthread
planner_libraries := -lgsl $(core_libraries)
trainer_libraries := -lopenblas -ljansson -lz -lzstd -lsentencepiece -lstdc++ $(core_libraries)

.PHONY: all deps check demo bench reports docs-figures install uninstall clean FORCE
all: $(PROGRAMS)

# deps first, then the rest: every compilation waits for it when both are given.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
after_deps := deps
endif

deps:
	@tests/deps.sh packages.txt

# ---- programs ---------------------------------------------------------------------------------

# one line that says what is missing, in place of a compiler's
$(B)/libraries: | $(after_deps)
	@mkdir -p $(@D); missing=; \
	for header in yaml.h gsl/gsl_cdf.h hwloc.h CUnit/Basic.h cblas.h jansson.h zlib.h zstd.h; do \
	    echo "#include <$$header>" | $(CC) -E -x c - > /dev/null 2>&1 || missing="$$missing $$header"; \
	done; \
	[ -z "$$missing" ] || { echo "missing:$$missing; run: make deps" >&2; exit 1; }; touch $@

$(B)/%.o: %.c | $(B)/libraries
	@mkdir -p $(@D)
	$(call quiet,cc,$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@)

# kernels of one instruction set each, chosen when the program starts; a fused multiply-add is one
# rounding, and every run of the same kernels does the same
KERNEL_FLAGS := -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
AVX512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
$(B)/trainer/nn/isa_avx512.o: ALL_CFLAGS += $(KERNEL_FLAGS) $(AVX512)
$(B)/trainer/nn/isa_avx2.o: ALL_CFLAGS += $(KERNEL_FLAGS) -mavx2 -mfma
# 16- and 8-bit products where the processor has them
$(B)/trainer/nn/gemm_avx512_units.o: ALL_CFLAGS += $(KERNEL_FLAGS) $(AVX512) -mavx512bf16 -mavx512vnni
$(B)/trainer/nn/gemm_amx.o: ALL_CFLAGS += $(KERNEL_FLAGS) -mamx-tile -mamx-bf16 -mamx-int8
endif
$(B)/trainer/nn/isa_plain.o: ALL_CFLAGS += $(KERNEL_FLAGS)
# initial weights: vectors, but the same bits everywhere, so nothing is fused
$(B)/trainer/nn/normal.o: ALL_CFLAGS += -O3 -fno-math-errno -fno-trapping-math
# one loop of whole numbers, for three instruction sets in one file
$(B)/trainer/text/minhash_least.o: ALL_CFLAGS += -O3

# the only C++: SentencePiece has no C interface
$(B)/%.o: %.cc | $(B)/libraries
	@mkdir -p $(@D)
	$(call quiet,c++,$(CXX) -std=c++17 $(OPTIMIZE) -Wall -Wextra -Werror $(REPRODUCIBLE) -I. -MMD -MP -c $< -o $@)

# commit and data folder go into one header, which is written, and its readers compiled, only when
# they change
$(B)/config.h: FORCE
	@mkdir -p $(@D); commit=$$(git describe --always --dirty 2>/dev/null || echo unknown); \
	printf '#define VSH_COMMIT "%s"\n#define VSH_DATADIR "%s"\n' "$$commit" "$(datadir)/vishwa" > $@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/planner/plan_main.o $(B)/sim/sim_main.o $(B)/trainer/train_main.o $(B)/core/library.o: STANDARD += -I$(B)
$(B)/planner/plan_main.o $(B)/sim/sim_main.o $(B)/trainer/train_main.o $(B)/core/library.o: $(B)/config.h

$(B)/vishwa-plan: $(planner_objects) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(planner_libraries) -o $@)

$(B)/vishwa-sim: $(sim_objects) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(core_libraries) -o $@)
# the naive twins (NAME_ref.c) judge the kernels in the tests; the program does without
$(B)/vishwa-train: $(filter-out %_ref.o,$(trainer_objects)) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(trainer_libraries) -o $@)

$(PROGRAMS): %: $(B)/% FORCE
	@ln -sf $(B)/$@ $@

FORCE:

# ---- tests ------------------------------------------------------------------------------------

$(unit_programs): $(B)/%: $(B)/%.o $(B)/tests/harness.o $(planner_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(planner_libraries) -lcunit -o $@)

$(sim_programs): $(B)/%: $(B)/%.o $(B)/tests/harness.o $(sim_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(core_libraries) -lcunit -o $@)

$(trainer_programs): $(B)/%: $(B)/%.o $(B)/tests/harness.o $(trainer_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(trainer_libraries) -lcunit -o $@)

# speed of matrix products and of what is asked about every document, which nothing runs by itself;
# a large corpus for bench_data.sh
trainer_benches := $(addprefix $(B)/tests/bench/,bench_gemm bench_text bench_dedup bench_encode grow_corpus)
$(trainer_benches): $(B)/%: $(B)/%.o $(trainer_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(trainer_libraries) -o $@)

# speed of the simulator, and its table against silicon; `make bench` runs both
sim_benches := $(addprefix $(B)/tests/bench/,bench_sim silicon)
$(sim_benches): $(B)/%: $(B)/%.o $(sim_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(core_libraries) -o $@)

# the loss laws on published runs: a table
law_benches := $(addprefix $(B)/tests/bench/,laws law_figures steptime bench_search)
$(law_benches): $(B)/%: $(B)/%.o $(planner_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(planner_libraries) -o $@)

# each fuzz target replays its corpus here; tests/fuzz/README.md says how to fuzz with clang
trainer_fuzz := $(filter %/fuzz_spm_model %/fuzz_safetensors %/fuzz_jsonl,$(fuzz_programs))
sim_fuzz := $(filter %/fuzz_scale_sim,$(fuzz_programs))
$(filter-out $(trainer_fuzz) $(sim_fuzz),$(fuzz_programs)): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(planner_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(planner_libraries) -o $@)
$(sim_fuzz): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(sim_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(core_libraries) -o $@)
$(trainer_fuzz): $(B)/%: $(B)/%.o $(B)/tests/fuzz/replay.o $(trainer_library) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ $(trainer_libraries) -o $@)

# what lets the machine fail at the k-th call, and what it is let loose on; preloaded, it comes before
# a sanitizer and is built without one
$(B)/tests/faults/inject.so: tests/faults/inject.c | $(B)/libraries
	@mkdir -p $(@D)
	$(call quiet,cc,$(CC) -std=c11 -O1 $(WARNINGS) -U_FORTIFY_SOURCE -fPIC -shared $< -o $@)

faults_objects := $(addprefix $(B)/trainer/,$(addsuffix .o,run/checkpoint run/manifest \
                    $(addprefix base/,safetensors json_read hash64 folder new_file mapped_file)))
fault_writers := $(addprefix $(B)/tests/faults/,write_checkpoints edit_checkpoint)
$(fault_writers): $(B)/%: $(B)/%.o $(faults_objects) $(core_objects)
	$(call quiet,link,$(CC) $(LINK) $^ -ljansson $(core_libraries) -o $@)
fault_tools := $(B)/tests/faults/inject.so $(fault_writers)

check: $(PROGRAMS) $(unit_programs) $(sim_programs) $(trainer_programs) $(fuzz_programs) $(fault_tools) | $(after_deps)
	@SAN=$(SAN) tests/run.sh $(B) $(unit_programs) $(sim_programs) $(trainer_programs) -- $(fuzz_programs)

bench: $(PROGRAMS) $(sim_benches) $(law_benches) $(trainer_benches) | $(after_deps)
	@tests/bench/bench.sh $(B)

demo: $(PROGRAMS) | $(after_deps)
	@tests/demo.sh

# plans, simulations and studies, the same bytes again; and what this machine does beside what was
# said of it (ten minutes), with its table in the README
reports: $(PROGRAMS) | $(after_deps)
	tests/reports.sh all
	tests/readme.sh

# pictures of docs/laws.md; says that it does nothing where the runs are not at hand
docs-figures: vishwa-plan $(B)/tests/bench/law_figures | $(after_deps)
	@tests/bench/law_figures.sh $(B)

# ---- install ----------------------------------------------------------------------------------

install: $(PROGRAMS:%=$(B)/%) | $(after_deps)
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(datadir)/vishwa/hwprofiles $(DESTDIR)$(datadir)/vishwa/models
	$(INSTALL) -m 755 $(PROGRAMS:%=$(B)/%) $(DESTDIR)$(bindir)
	$(INSTALL) -m 644 hwprofiles/*.yaml $(DESTDIR)$(datadir)/vishwa/hwprofiles
	$(INSTALL) -m 644 models/*.yaml $(DESTDIR)$(datadir)/vishwa/models
	$(INSTALL) -d $(DESTDIR)$(datadir)/vishwa/configs
	$(INSTALL) -m 644 trainer/configs/*.yaml $(DESTDIR)$(datadir)/vishwa/configs

uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(bindir)/%)
	rm -rf $(DESTDIR)$(datadir)/vishwa

clean:
	rm -rf build $(PROGRAMS) out

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
