# End to end, over the command as a user runs it: bad input, and the real image in every form.
CHECK_PARTS += e2e-bad e2e-forms e2e-platform

e2e: e2e-bad e2e-forms e2e-platform

e2e-bad: $(BUILD)/compatprobe $(BUILD)/many_entries
	@BUILD=$(BUILD) tests/e2e/bad.sh $(BUILD)/compatprobe

e2e-forms: $(BUILD)/compatprobe $(CACHE)/real/workflow/complete
	@tests/e2e/forms.sh $(BUILD)/compatprobe $(CACHE)/real/workflow

e2e-platform: $(BUILD)/compatprobe $(CACHE)/platform/complete
	@tests/e2e/platform.sh $(BUILD)/compatprobe $(CACHE)/platform

$(BUILD)/many_entries: tests/e2e/many_entries.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

.PHONY: e2e e2e-bad e2e-forms e2e-platform
