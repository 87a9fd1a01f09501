/*
 * Keeps more frames for a guest that waits for a processor of the host.
 *
 * User-mode Linux reads a guest's frames from a packet socket. By itself the host keeps 208 KiB there (net.core.rmem_default), which
 * are some 90 frames; it drops what else comes while the guest does not run. Of the segments of a large file 4 % were sent again, and
 * where it was the first segment of a connection, that took a second.
 *
 * Loaded into linux.uml by LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>

static const int kept = 8 << 20; /* bytes, which the host doubles: some 7,000 frames */

int socket(int domain, int type, int protocol)
{
	static int (*libc_socket)(int, int, int);
	if (!libc_socket)
		libc_socket = dlsym(RTLD_NEXT, "socket");

	int made = libc_socket(domain, type, protocol);
	if (made >= 0 && domain == AF_PACKET)
		setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &kept, sizeof kept);
	return made;
}
