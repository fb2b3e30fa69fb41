# `make bench`: claims of speed and memory as ratios against named tools (bench.sh).
bench: deps $(BUILD)/compatprobe $(BUILD)/measure $(CACHE)/real/workflow/complete
	@fixtures/deps.sh igzip:isal scanelf:pax-utils
	@tests/bench/bench.sh $(BUILD)/compatprobe $(BUILD)/measure $(CACHE)/real/workflow $(CACHE)/bench

$(BUILD)/measure: tests/bench/measure.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

# `make bench-trace`: what a running tracer costs, against strace and bcc (trace.sh).
bench-trace: deps $(BUILD)/compatprobe $(BUILD)/trace_load $(BUILD)/enclose
	@fixtures/deps.sh strace opensnoop:libbpf-tools
	@tests/bench/trace.sh $(BUILD)/compatprobe $(BUILD)/trace_load $(BUILD)/enclose $(BUILD)/bench-trace

$(BUILD)/trace_load: tests/bench/trace_load.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

.PHONY: bench bench-trace
