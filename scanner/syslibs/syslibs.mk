# Which package brings a library: tables built into the library, and made anew by
# `make syslibs` (only wanted for a new release; the files are kept). See scanner/syslibs.h.
SYSLIB_RELEASES = $(DEBIANS:%=debian-%) $(ALPINES:%=alpine-%)
SYSLIB_TABLES = $(foreach release,$(SYSLIB_RELEASES),$(BUILD)/syslibs/$(release).sonames \
	$(BUILD)/syslibs/$(release).packages $(BUILD)/syslibs/$(release).names)

# What the library searches in place: rows "KEY TAB VALUE NUL" or "KEY NUL", sorted by key.
$(BUILD)/syslibs/debian-%.sonames: scanner/syslibs/debian-%.tsv
	@mkdir -p $(@D)
	tr '\n' '\0' <$< >$@

# A row of Alpine's table is for the releases FROM to TO.
$(BUILD)/syslibs/alpine-%.sonames: scanner/syslibs/alpine.tsv
	@mkdir -p $(@D)
	awk -F '\t' -v minor=$(*:3.%=%) '!/^#/ && $$3 <= minor && minor <= $$4 { \
		print $$1 "\t" $$2 }' $< | LC_ALL=C sort | tr '\n' '\0' >$@

$(BUILD)/syslibs/%.packages: $(BUILD)/syslibs/%.sonames
	tr '\0' '\n' <$< | awk -F '\t' '{ print $$2 "\t" $$1 }' | LC_ALL=C sort | tr '\n' '\0' >$@

$(BUILD)/syslibs/debian-%.names: scanner/syslibs/debian-%.names
	@mkdir -p $(@D)
	awk '{ name = substr(name, 1, index("ABCDEFGHIJKLMNOPQRSTUVWXYZ", substr($$0, 1, 1)) - 1) \
		substr($$0, 2); print name }' $< | tr '\n' '\0' >$@

$(BUILD)/syslibs/alpine-%.names: # none is shipped
	@mkdir -p $(@D)
	: >$@

$(BUILD)/syslibs.inc: scanner/syslibs/syslibs.mk scanner/bases/bases.mk
	@mkdir -p $(@D)
	@for release in $(SYSLIB_RELEASES); do \
		echo "RELEASE($$(echo $$release | tr .- __), \"$$release\", \"$(BUILD)/syslibs/$$release\")"; \
	done >$@

$(BUILD)/syslibs_left_out.inc: scanner/syslibs/left-out.txt
	@mkdir -p $(@D)
	@sed 's/.*/"&",/' $< >$@

$(foreach build,$(BUILD) $(BUILD)/asan $(BUILD)/fuzz,$(build)/scanner/syslibs.o) clang tidy: \
	$(BUILD)/syslibs.inc $(BUILD)/syslibs_left_out.inc $(SYSLIB_TABLES)

# --- make syslibs ---
$(CACHE)/syslibs/%/Packages:
	@mkdir -p $(CACHE)/syslibs
	scanner/syslibs/fetch.sh $* $(@D) $(DEBIAN_MIRROR) $(DEBIAN_KEYRING)

syslibs: $(DEBIANS:%=$(CACHE)/syslibs/%/Packages)
	set -e; for suite in $(DEBIANS); do \
		scanner/syslibs/make_debian.sh $(CACHE)/syslibs/$$suite \
			scanner/syslibs/left-out.txt scanner/syslibs/debian-$$suite; \
	done

.PHONY: syslibs
.PRECIOUS: $(CACHE)/syslibs/%/Packages
