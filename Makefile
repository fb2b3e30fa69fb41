# compatprobe: scanner/ and bpf/ are libraries, probe/ is the command over them.
# `make demo` and `make check` install what they need on a Debian machine run as root.
CC ?= gcc
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
LIBRARIES = libarchive libisal libzstd jansson libcrypto libcurl libelf
WARNINGS = -Wall -Wextra -Wshadow -Werror
CPPFLAGS += -D_GNU_SOURCE -Iscanner $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
ALL_CFLAGS = -std=c17 $(WARNINGS) -pthread $(CFLAGS)
LDLIBS = $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -pthread
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

SCANNER = $(wildcard scanner/*.c)
PROBE = $(wildcard probe/*.c)
UNIT_TESTS = $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))

all: $(BUILD)/compatprobe

-include $(wildcard scanner/*/*.mk fixtures/*.mk tests/*/*.mk)

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

$(BUILD)/compatprobe: $(PROBE:%.c=$(BUILD)/%.o) $(BUILD)/libscanner.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# Unit tests: tests/test_NAME.c over the sanitized library, one program each.
$(BUILD)/tests/%: tests/%.c $(BUILD)/asan/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(ALL_CFLAGS) -O1 $(SANITIZE) $< $(BUILD)/asan/libscanner.a $(LDLIBS) -lcmocka -o $@

unit: $(UNIT_TESTS:%=$(BUILD)/tests/%)
	@set -e; for test in $^; do $$test; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all unit clean
.DELETE_ON_ERROR:
