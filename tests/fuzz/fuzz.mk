# Fuzzing: tests/fuzz/fuzz_NAME.c over the library, both built with clang's libFuzzer,
# AddressSanitizer and UndefinedBehaviorSanitizer. A new target needs just its file.
#
#   make fuzz            every target for FUZZ_SECONDS (600) each
#   make fuzz-short      for 10 seconds each; a part of `make check`
#   make fuzz-NAME       one target
#
# A run begins with what it found earlier on this machine ($(BUILD)/fuzz/corpus/NAME),
# with what tests/fuzz/seeds_NAME.c writes (optional), and with the promoted finds:
# inputs that once broke the library, as text. To promote one, fix the bug, and
#   base64 build/fuzz/NAME-crash-… > tests/fuzz/finds/NAME/WHAT-IT-WAS.base64
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 600
FUZZ_DIR = $(BUILD)/fuzz
FUZZ_NAMES = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer $(FUZZ_SANITIZE)
# Bounds of one input: bytes, seconds, and memory in megabytes.
FUZZ_LIMITS = -max_len=65536 -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256
# An archive: what needs cmocka is not linked.
FUZZ_SUPPORT = $(FUZZ_DIR)/libsupport.a

fuzz: $(FUZZ_NAMES:%=fuzz-%)

fuzz-short: FUZZ_SECONDS = 10
# The same inputs each time: what a check finds must be of the change, not of the dice.
fuzz-short: FUZZ_LIMITS += -seed=1 -runs=20000
fuzz-short: fuzz

$(FUZZ_NAMES:%=fuzz-%): fuzz-%: $(FUZZ_DIR)/fuzz_% $(FUZZ_DIR)/seeds/%
	@tests/fuzz/run.sh $* $(FUZZ_DIR) -max_total_time=$(FUZZ_SECONDS) $(FUZZ_LIMITS)

# What a target starts from: generated seeds and promoted finds.
$(FUZZ_NAMES:%=$(FUZZ_DIR)/seeds/%): $(FUZZ_DIR)/seeds/%: $(wildcard tests/fuzz/finds/*/*)
	@rm -rf $@ && mkdir -p $@
	@for find in $(wildcard tests/fuzz/finds/$*/*.base64); do \
		base64 -d "$$find" > $@/$$(basename "$$find" .base64) || exit 1; done
	@if [ -x $(FUZZ_DIR)/seeds_$* ]; then $(FUZZ_DIR)/seeds_$* $@; fi

$(patsubst tests/fuzz/seeds_%.c,$(FUZZ_DIR)/seeds/%,$(wildcard tests/fuzz/seeds_*.c)): \
	$(FUZZ_DIR)/seeds/%: $(FUZZ_DIR)/seeds_%

$(FUZZ_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(CPPFLAGS) -Itests -Iprobe $(ALL_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(FUZZ_DIR)/libscanner.a: $(SCANNER:%.c=$(FUZZ_DIR)/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_DIR)/bpf/kernel.o: $(BUILD)/bpf/trace.skel.h

$(FUZZ_DIR)/libtracer.a: $(TRACER:%.c=$(FUZZ_DIR)/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_DIR)/libsupport.a: $(patsubst %.c,$(FUZZ_DIR)/%.o,$(wildcard tests/support/*.c))
	rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_DIR)/libprobe.a: $(patsubst %.c,$(FUZZ_DIR)/%.o,$(filter-out probe/main.c,$(PROBE)))
	rm -f $@ && $(AR) rcs $@ $^

$(FUZZ_DIR)/fuzz_%: $(FUZZ_DIR)/tests/fuzz/fuzz_%.o $(FUZZ_SUPPORT) $(FUZZ_DIR)/libprobe.a \
	$(FUZZ_DIR)/libtracer.a $(FUZZ_DIR)/libscanner.a
	$(FUZZ_CC) $(ALL_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer $^ $(LDLIBS) -lcmocka -o $@

$(FUZZ_DIR)/seeds_%: $(FUZZ_DIR)/tests/fuzz/seeds_%.o $(FUZZ_SUPPORT) $(FUZZ_DIR)/libscanner.a
	$(FUZZ_CC) $(ALL_CFLAGS) $(FUZZ_FLAGS) $^ $(LDLIBS) -lcmocka -o $@

CHECK_PARTS += fuzz-short
.PHONY: fuzz fuzz-short $(FUZZ_NAMES:%=fuzz-%)
.SECONDARY: $(FUZZ_NAMES:%=$(FUZZ_DIR)/tests/fuzz/fuzz_%.o)
