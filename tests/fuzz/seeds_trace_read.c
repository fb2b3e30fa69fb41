/* SPDX-License-Identifier: MIT
 *
 * Writes files of events into a folder.
 */
#include "write_seeds.h"

#define SCHEMA "{\"schema\":\"compatprobe.event/1\","

static const char *const seeds[] = {
	SCHEMA
	"\"time\":\"2026-11-25T10:00:00.000000001Z\",\"kind\":\"dlopen_failed\",\"cause\":"
	"\"missing_loader\",\"object\":\"ld-linux-x86-64.so.2\",\"needed_by\":\"/x.node\","
	"\"message\":\"a\\nb\",\"source\":\"loader\",\"libc\":\"musl\","
	"\"blames_template\":true,\"optional\":false,\"process\":{\"pid\":1,\"comm\":"
	"\"node\",\"exe\":\"/usr/bin/node\"},\"container\":{\"id\":\"01\",\"name\":"
	"\"shop_a_1\",\"image\":\"i\",\"runtime\":\"docker\"},\"project\":\"shop\","
	"\"service\":\"a\",\"addons\":[],\"signal\":null,\"status\":null,\"count\":null}\n" SCHEMA
	"\"kind\":\"addon_loaded\",\"object\":\"/x.node\",\"service\":\"a\"}\n",
	SCHEMA
	"\"kind\":\"crashed\",\"cause\":\"crashed\",\"addons\":[\"/a\",\"/b\"],\"signal\":11,"
	"\"process\":{\"pid\":2,\"comm\":\"n\"}}\n" SCHEMA
	"\"kind\":\"lost\",\"count\":3,\"message\":\"execs\"}\n",
	SCHEMA "\"kind\":\"module_not_found\",\"cause\":\"module_not_found\",\"object\":\"k\","
	       "\"optional\":true,\"source\":\"stderr\",\"blames_template\":false}\n" SCHEMA
	       "\"kind\":\"exec_failed\",\"cause\":\"missing_interpreter\",\"status\":127}\n",
};

int main(int argc, char **argv)
{
	return write_seeds(argc, argv, seeds, sizeof(seeds) / sizeof(seeds[0]));
}
