# The tracer on real containers (see the head of each script). Wants root, a kernel with eBPF, and
# podman or a dockerd; what cannot run says why, as "skipped: WHY".
TRACE = tests/trace
CHECK_PARTS += trace-matrix
TRACE_PACKAGES = busybox-static podman:podman runc:runc dockerd:docker.io docker:docker.io

$(BUILD)/trace/bases/complete: $(TRACE)/bases.sh $(wildcard fixtures/trace/*) fixtures/loaders/build.inc.sh
	sh tests/truth/roots.sh "$(CACHE)"
	$(TRACE)/bases.sh "$(CACHE)/truth/roots" $(@D)
	@touch $@

TRACE_RUN = $(BUILD)/compatprobe $(BUILD)/trace/bases $(CACHE)/real/workflow/app-layer/app
TRACE_WANTS = $(BUILD)/compatprobe $(BUILD)/trace/bases/complete $(CACHE)/real/workflow/complete

trace-matrix: $(TRACE_WANTS)
	@$(TRACE)/matrix.sh $(TRACE_FLAGS) $(TRACE_RUN)

# The same containers without the tracer: does each case end as it says?
trace-plain: $(TRACE_WANTS)
	@$(TRACE)/matrix.sh $(TRACE_FLAGS) "" $(wordlist 2,3,$(TRACE_RUN))

.PHONY: trace-matrix trace-plain
