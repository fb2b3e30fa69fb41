/* SPDX-License-Identifier: MIT
 *
 * An engine that hangs or lies: what answers at a socket is not to be trusted.
 *
 *     fake_engine SOCKET MODE
 *
 * MODE: "hang" takes connections and says nothing; "noise" answers with bytes that are no HTTP;
 * "endless" begins an answer of JSON that never ends; "slow" sends one byte a second; "types" is
 * good HTTP whose JSON has everything, each of the wrong type; "deep" nests 100,000 arrays; "huge"
 * promises a body of 2^63 bytes; "close" hangs up. Ends when it is killed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void say(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t done = write(fd, text, size);
		if (done <= 0)
			_exit(0);
		text += done;
		size -= (size_t)done;
	}
}

static void say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

static void say_types(int fd)
{
	static const char body[] =
		"[{\"Id\":17,\"Names\":{\"a\":[]},\"Image\":null,\"Labels\":[1,\"com.docker."
		"compose."
		"service\"],\"State\":7,\"Pid\":\"x\",\"GraphDriver\":\"overlay\"},[],null,-1e400]";
	char head[200];
	snprintf(head, sizeof(head), HEAD "Content-Length: %zu\r\n\r\n", sizeof(body) - 1);
	say_text(fd, head);
	say_text(fd, body);
}

static void say_deep(int fd)
{
	say_text(fd, HEAD "Content-Length: 200000\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		say_text(fd, "[");
	for (int i = 0; i < 100000; i++)
		say_text(fd, "]");
}

static void answer(int fd, const char *mode)
{
	char request[4096], noise[4096];
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 7919 >> 3);
	if (strcmp(mode, "close") == 0)
		return;
	while (strcmp(mode, "hang") == 0)
		pause();
	if (read(fd, request, sizeof(request)) <= 0)
		return;
	if (strcmp(mode, "types") == 0)
		say_types(fd);
	else if (strcmp(mode, "deep") == 0)
		say_deep(fd);
	else if (strcmp(mode, "huge") == 0)
		say_text(fd, HEAD "Content-Length: 9223372036854775807\r\n\r\n[{\"Id\":\"");
	else if (strcmp(mode, "slow") == 0)
		say_text(fd, HEAD "\r\n");
	else if (strcmp(mode, "endless") == 0)
		say_text(fd, HEAD "\r\n[{\"Id\":\"");
	for (;;) {
		if (strcmp(mode, "noise") == 0)
			say(fd, noise, sizeof(noise));
		else if (strcmp(mode, "endless") == 0)
			say_text(fd, "0123456789abcdef");
		else if (strcmp(mode, "slow") == 0 || strcmp(mode, "huge") == 0)
			say_text(fd, " ");
		else
			return;
		if (strcmp(mode, "noise") != 0 && strcmp(mode, "endless") != 0)
			sleep(1);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 64;
	strcpy(address.sun_path, argv[1]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	unlink(argv[1]);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 16) < 0) {
		perror(argv[1]);
		return 1;
	}
	pid_t parent = getpid();
	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() == parent)
				answer(fd, argv[2]);
			_exit(0);
		}
	return 1;
}
