# The kernel programs: compiled once for every kernel (CO-RE), embedded through a skeleton header.
BPF_CLANG ?= clang
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wall -Wextra -Wshadow -Werror \
	-I/usr/include/$(shell $(CC) -print-multiarch)

$(BUILD)/bpf/trace.bpf.o: bpf/trace.bpf.c $(wildcard bpf/*.bpf.h) bpf/kernel_types.h bpf/raw.h
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/bpf/trace.skel.h: $(BUILD)/bpf/trace.bpf.o
	bpftool gen skeleton $< name cp_programs > $@

$(BUILD)/bpf/kernel.o $(BUILD)/asan/bpf/kernel.o: $(BUILD)/bpf/trace.skel.h
