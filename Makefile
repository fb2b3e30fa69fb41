# compatprobe: scanner/ and bpf/ are libraries, probe/ is the command over them.
# `make demo` and `make check` install what they need on a Debian machine run as root.
CC ?= gcc
BUILD ?= build
CACHE ?= cache
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
LIBRARIES = libarchive libisal libzstd libfyaml jansson libcrypto libcurl libelf libseccomp libbpf
WARNINGS = -Wall -Wextra -Wshadow -Werror
CPPFLAGS += -D_GNU_SOURCE -Iscanner -Ibpf -I$(BUILD)/bpf $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
ALL_CFLAGS = -std=c17 $(WARNINGS) -pthread $(CFLAGS)
LDLIBS = $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -pthread
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

SCANNER = $(wildcard scanner/*.c scanner/schemes/*.c)
TRACER = $(filter-out %.bpf.c,$(wildcard bpf/*.c))
PROBE = $(wildcard probe/*.c)
UNIT_TESTS = $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))

all: $(BUILD)/compatprobe

-include $(wildcard scanner/*/*.mk bpf/*.mk fixtures/*.mk tests/*/*.mk)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/asan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -O1 $(SANITIZE) -MMD -MP -c $< -o $@

$(BUILD)/libscanner.a: $(SCANNER:%.c=$(BUILD)/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/asan/libscanner.a: $(SCANNER:%.c=$(BUILD)/asan/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libtracer.a: $(TRACER:%.c=$(BUILD)/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/asan/libtracer.a: $(TRACER:%.c=$(BUILD)/asan/%.o)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/compatprobe: $(PROBE:%.c=$(BUILD)/%.o) $(BUILD)/libtracer.a $(BUILD)/libscanner.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# Unit tests: tests/test_NAME.c over the sanitized library, one program each. An archive: a test links
# of the support only what it asks for.
TEST_SUPPORT = $(BUILD)/asan/libsupport.a

$(TEST_SUPPORT): $(patsubst %.c,$(BUILD)/asan/%.o,$(wildcard tests/support/*.c))
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/%: tests/%.c $(TEST_SUPPORT) $(BUILD)/asan/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(ALL_CFLAGS) -O1 $(SANITIZE) $^ $(LDLIBS) -lcmocka -o $@

# Those of the command, tests/test_probe_NAME.c, link its parts too.
$(BUILD)/asan/libprobe.a: $(patsubst %.c,$(BUILD)/asan/%.o,$(filter-out probe/main.c,$(PROBE)))
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/test_probe_%: tests/test_probe_%.c $(BUILD)/asan/libprobe.a \
		$(BUILD)/asan/libtracer.a $(BUILD)/asan/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iprobe $(ALL_CFLAGS) -O1 $(SANITIZE) $^ $(LDLIBS) -lcmocka -o $@

# Those of the tracer, tests/test_bpf_NAME.c, know nothing of the command.
$(BUILD)/tests/test_bpf_%: tests/test_bpf_%.c $(TEST_SUPPORT) $(BUILD)/asan/libtracer.a \
		$(BUILD)/asan/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(ALL_CFLAGS) -O1 $(SANITIZE) $^ $(LDLIBS) -lcmocka -o $@

unit: $(UNIT_TESTS:%=$(BUILD)/tests/%)
	@set -e; for test in $^; do $$test; done

cli: $(BUILD)/compatprobe
	@tests/test_cli.sh $<

manual: # troff has nothing to say about the manual page
	@man --warnings -l docs/compatprobe.1 2>&1 >/dev/null | grep . && exit 1 || echo "manual: clean"

# What is installed, and where: also the list of what uninstall removes.
INSTALLED = $(PREFIX)/bin/compatprobe $(PREFIX)/share/man/man1/compatprobe.1 \
	$(PREFIX)/share/doc/compatprobe/LICENSE $(PREFIX)/share/doc/compatprobe/base-format.md

install: $(BUILD)/compatprobe
	install -D -m 755 $(BUILD)/compatprobe $(DESTDIR)$(PREFIX)/bin/compatprobe
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/compatprobe.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/compatprobe LICENSE docs/base-format.md

uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	rmdir $(DESTDIR)$(PREFIX)/share/doc/compatprobe

# What a Debian machine needs, installed only where something is missing.
PACKAGES = gcc clang clang-format clang-tidy make pkg-config libarchive-dev libisal-dev libzstd-dev \
	libfyaml-dev libjansson-dev libcurl4-openssl-dev libssl-dev libelf-dev libseccomp-dev libbpf-dev bpftool libcmocka-dev libclang-rt-14-dev \
	debootstrap musl musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross jq zstd xz-utils \
	curl ca-certificates man-db groff node:nodejs npm:npm docker-compose:docker-compose $(TRACE_PACKAGES)

deps:
	@fixtures/deps.sh $(PACKAGES)

# Everything that can fail, in about ten minutes. Each step is a target of its own.
CHECKS = all unit cli manual $(CHECK_PARTS) clang format-check

check: deps
	@MAKE='$(MAKE)' tests/run.sh $(CHECKS)

clang: $(BUILD)/bpf/trace.skel.h # the other compiler must be as content
	@for file in $(SCANNER) $(TRACER) $(PROBE) $(wildcard tests/*.c tests/support/*.c); do \
		clang $(CPPFLAGS) -Itests -Iprobe $(ALL_CFLAGS) -fsyntax-only $$file || exit 1; \
	done; echo "clang: $(words $(SCANNER) $(TRACER) $(PROBE)) files without a warning"

format-check:
	@clang-format --dry-run -Werror $(wildcard scanner/*.[ch] scanner/schemes/*.[ch] bpf/*.[ch] probe/*.[ch] \
		tests/*.[ch] tests/*/*.[ch]) && echo "clang-format: nothing to change"

tidy: $(BUILD)/bpf/trace.skel.h
	clang-tidy --quiet $(SCANNER) $(TRACER) $(PROBE) -- $(CPPFLAGS) -std=c17

demo: deps all $(CACHE)/real/workflow/complete $(CACHE)/platform/complete
	@fixtures/demo.sh $(BUILD)/compatprobe $(CACHE)/real/workflow $(CACHE)/platform

# The fixtures' platform of 14 services; see fixtures/platform/.
$(CACHE)/platform/complete:
	fixtures/platform/make.sh $(CACHE)/platform

# The fixtures' real image; see fixtures/images/real.sh.
real-image: $(CACHE)/real/workflow/complete

$(CACHE)/real/workflow/complete: | $(CACHE)/debian/bookworm/etc/os-release
	fixtures/images/real.sh $(CACHE)/real/workflow $(CACHE)/debian/bookworm

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all unit cli manual install uninstall clean deps check clang format-check tidy demo real-image
.DELETE_ON_ERROR:
