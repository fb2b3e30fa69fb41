/* SPDX-License-Identifier: MIT
 *
 * Writes the documents of small images (fuzz_manifest.c has the format) into a folder.
 */
#include <stdio.h>

#define CONFIG                                                                                     \
	"{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"v2\",\"config\":{\"Env\":["    \
	"\"NODE_VERSION=20.1.0\",\"LD_LIBRARY_PATH=/opt\"]},\"rootfs\":{\"diff_ids\":[\"$2\"]}}\0" \
	"layer"
#define MANIFEST                                                                                   \
	"{\"schemaVersion\":2,\"config\":{\"digest\":\"$2\"},\"layers\":[{\"digest\":\"$3\","      \
	"\"urls\":[\"https://example.com\"]}]}\0"

struct seed {
	const char *data;
	size_t size;
};

#define SEED(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct seed seeds[] = {
	SEED("[{\"Config\":\"%1\",\"RepoTags\":[\"app:1\"],\"Layers\":[\"%2\"]}]\0" CONFIG),
	SEED("[{\"Config\":\"%1\",\"Layers\":[\"../x\",\"/abs\",\"%2\",\"%2\"]},"
	     "{\"Config\":\"%1\",\"RepoTags\":null,\"Layers\":[]}]\0" CONFIG),
	SEED("{\"manifests\":[{\"digest\":\"$1\",\"annotations\":"
	     "{\"org.opencontainers.image.ref.name\":\"v1\"}}]}\0" MANIFEST CONFIG),
	SEED("{\"manifests\":[{\"digest\":\"$1\",\"platform\":{\"os\":\"linux\",\"architecture\":"
	     "\"arm64\"}},{\"digest\":\"$1\",\"platform\":{\"os\":\"unknown\"}}]}\0" MANIFEST
			CONFIG),
	SEED("{\"manifests\":[{\"digest\":\"$1\"}]}\0{\"manifests\":[{\"digest\":\"$2\"}]}\0"
	     "{\"config\":{\"digest\":\"$3\"},\"layers\":[{\"digest\":\"$4\"}]}\0"
	     "{\"os\":\"linux\",\"architecture\":\"amd64\"}\0x"),
};

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%zu", argv[1], i);
		FILE *file = fopen(path, "w");
		if (!file || fwrite(seeds[i].data, 1, seeds[i].size, file) != seeds[i].size ||
			fclose(file) != 0)
			return 1;
	}
	return 0;
}
