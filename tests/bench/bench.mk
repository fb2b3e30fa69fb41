# `make bench`: claims of speed and memory as ratios against named tools (bench.sh).
bench: deps $(BUILD)/compatprobe $(BUILD)/measure $(CACHE)/real/workflow/complete
	@fixtures/deps.sh igzip:isal scanelf:pax-utils
	@tests/bench/bench.sh $(BUILD)/compatprobe $(BUILD)/measure $(CACHE)/real/workflow $(CACHE)/bench

$(BUILD)/measure: tests/bench/measure.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

.PHONY: bench
