# The truth, not an opinion: the loader simulations against the real loaders (tests/truth/truth.h).
# Wants root (chroot), Debian's gcc, binutils and musl-tools, and npm. TRUTH_FLAGS go to the program:
#   make truth TRUTH_FLAGS='-v -m bcrypt -n 1'
TRUTH = tests/truth
CHECK_PARTS += truth-short
TRUTH_SOURCES = $(addprefix $(TRUTH)/,truth.c cases.c observe.c classify.c simulate.c)

$(BUILD)/truth/truth: $(TRUTH_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

truth: $(BUILD)/truth/truth
	sh $(TRUTH)/run.sh "$(CACHE)" "$(BUILD)/truth" full -n 300 $(TRUTH_FLAGS)

truth-short: $(BUILD)/truth/truth
	sh $(TRUTH)/run.sh "$(CACHE)" "$(BUILD)/truth" short -n 300 $(TRUTH_FLAGS)

.PHONY: truth truth-short
