/* SPDX-License-Identifier: MIT
 *
 * Writes an answer, an event and a path of each form into a folder.
 */
#include "write_seeds.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const seeds[] = {
	"[{\"Id\":\"" ID "\",\"Names\":[\"/other/alias\",\"/shop_web_1\"],\"Image\":\"shop/web:1\","
	"\"Labels\":{\"com.docker.compose.project\":\"shop\","
	"\"com.docker.compose.service\":\"web\"}}]\n",
	"{\"Id\":\"" ID "\",\"Name\":\"/shop_web_1\",\"Image\":\"sha256:0\",\"Config\":{\"Image\":"
	"\"shop/web:1\",\"Labels\":{\"io.podman.compose.project\":\"shop\"}},\"GraphDriver\":"
	"{\"Name\":\"overlay2\",\"Data\":{\"LowerDir\":\"/d/l/A:/d/l/B\",\"UpperDir\":\"/d/u\","
	"\"MergedDir\":\"/d/m\",\"WorkDir\":\"/d/w\"}}}\n",
	"{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":"
	"{\"name\":\"shop_web_1\",\"image\":\"shop/web:1\",\"exitCode\":\"1\"}}}\n"
	"{\"Type\":\"image\",\"Action\":\"tag\",\"Actor\":{\"ID\":\"sha256:0\"}}\n",
	"{\"a\":\"\\\"}{\\\\\",\"b\":[[{},{\"c\":null}]]} {\"Id\":7}",
	"/docker/" ID,
	"/system.slice/docker-" ID ".scope",
	"/machine.slice/libpod-" ID ".scope/container",
	"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0_1.slice/"
	"cri-containerd-" ID ".scope",
	"/kubepods/besteffort/pod0-1/crio-" ID,
	"/lxc.payload.web/system.slice",
	"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
};

int main(int argc, char **argv)
{
	return write_seeds(argc, argv, seeds, sizeof(seeds) / sizeof(seeds[0]));
}
