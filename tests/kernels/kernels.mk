# `make kernels`: one binary, and so one object, under Debian's kernels in an emulator (run.sh). It takes
# some minutes, and is no part of `make check`. KERNELS="bookworm …" picks some.
kernels: deps $(BUILD)/compatprobe $(BUILD)/enclose
	@fixtures/deps.sh qemu-system-x86_64:qemu-system-x86 cpio:cpio busybox-static
	@tests/kernels/fetch.sh $(CACHE)
	@tests/kernels/run.sh $(BUILD)/compatprobe $(BUILD)/enclose $(CACHE) $(BUILD)/kernels

$(BUILD)/enclose: tests/kernels/enclose.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -static $< -o $@

.PHONY: kernels
