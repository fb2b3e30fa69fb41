# The compose reader and the override against the real docker-compose; see real.sh.
compose-real: $(BUILD)/tests/compose/project
	@tests/compose/real.sh $<

$(BUILD)/tests/compose/project: tests/compose/project.c $(BUILD)/asan/libprobe.a \
		$(BUILD)/asan/libtracer.a $(BUILD)/asan/libscanner.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Iprobe $(ALL_CFLAGS) -O1 $(SANITIZE) $^ $(LDLIBS) -o $@

CHECK_PARTS += compose-real
.PHONY: compose-real
