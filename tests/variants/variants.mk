# The choice of each package's build against the package's own loader, run as on Debian and as on
# Alpine (tests/variants/run.sh). Wants npm and musl-gcc.
CHECK_PARTS += variants-truth

$(BUILD)/variants/choose: $(BUILD)/tests/variants/choose.o $(BUILD)/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

variants-truth: $(BUILD)/variants/choose
	@sh tests/variants/run.sh "$(CACHE)" "$(abspath $(BUILD))/variants/choose"

.PHONY: variants-truth
