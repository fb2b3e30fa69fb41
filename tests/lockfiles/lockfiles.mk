# Lock files made by the package managers themselves, read by the library and by their own parsers
# (tests/lockfiles/run.sh). Wants npm; the first run fetches the tools and takes about a minute.
CHECK_PARTS += lockfiles-truth

$(BUILD)/lockfiles/read: $(BUILD)/tests/lockfiles/read.o $(BUILD)/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

lockfiles-truth: $(BUILD)/lockfiles/read $(BUILD)/compatprobe
	@tests/lockfiles/run.sh "$(CACHE)" $(abspath $(BUILD))/lockfiles/read \
		$(abspath $(BUILD))/compatprobe

.PHONY: lockfiles-truth
