# The tracer on real containers (see the head of each script). Wants root, a kernel with eBPF, and
# podman or a dockerd; what cannot run says why, as "skipped: WHY".
TRACE = tests/trace
CHECK_PARTS += trace-matrix trace-hostile
TRACE_PACKAGES = busybox-static procps podman:podman runc:runc dockerd:docker.io docker:docker.io

$(BUILD)/trace/bases/complete: $(TRACE)/bases.sh $(wildcard fixtures/trace/*) fixtures/loaders/build.inc.sh
	sh tests/truth/roots.sh "$(CACHE)"
	$(TRACE)/bases.sh "$(CACHE)/truth/roots" $(@D)
	@touch $@

TRACE_RUN = $(BUILD)/compatprobe $(BUILD)/trace/bases $(CACHE)/real/workflow/app-layer/app
TRACE_WANTS = $(BUILD)/compatprobe $(BUILD)/trace/bases/complete $(CACHE)/real/workflow/complete

trace-matrix: $(TRACE_WANTS)
	@$(TRACE)/matrix.sh -r 1 $(TRACE_FLAGS) $(TRACE_RUN)

# The same containers without the tracer: does each case end as it says?
trace-plain: $(TRACE_WANTS)
	@$(TRACE)/matrix.sh $(TRACE_FLAGS) "" $(wordlist 2,3,$(TRACE_RUN))

# Every case 50 times in a row, and 200 containers at once: most of an hour.
trace-soak: trace-many $(TRACE_WANTS)
	@$(TRACE)/matrix.sh -n 50 $(TRACE_FLAGS) $(TRACE_RUN)

trace-many: $(TRACE_WANTS)
	@$(TRACE)/many.sh $(wordlist 1,2,$(TRACE_RUN))

trace-hostile: $(TRACE_WANTS) $(BUILD)/trace/fake_engine
	@$(TRACE)/hostile.sh $(wordlist 1,2,$(TRACE_RUN)) $(BUILD)/trace/fake_engine

$(BUILD)/trace/fake_engine: $(TRACE)/fake_engine.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

.PHONY: trace-matrix trace-plain trace-soak trace-many trace-hostile
