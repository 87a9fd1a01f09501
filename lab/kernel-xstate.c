/*
 * Lets user-mode Linux 6.1 run on processors with AMX.
 *
 * That kernel keeps the registers of a guest's process in 2696 bytes, which ends behind AVX-512 and PKRU. With AMX the host's
 * registers take 11 KB, and since Linux 5.16 the host takes the whole set or nothing: every guest ends with "ptrace set fp regs
 * failed, errno = 14" before its first program runs. So what the guest sets is laid over what the process has: the rest is AMX,
 * which a guest's program never gets, since it has to be asked for.
 *
 * Loaded into linux.uml by LD_PRELOAD. Newer kernels ask for the size and pass through here unchanged.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

static unsigned char registers[1 << 16]; /* one thread of the kernel calls ptrace */

long ptrace(enum __ptrace_request request, ...)
{
	static long (*libc_ptrace)(enum __ptrace_request, pid_t, void *, void *);
	if (!libc_ptrace)
		libc_ptrace = dlsym(RTLD_NEXT, "ptrace");

	va_list arguments;
	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);

	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE) {
		const struct iovec *guest = data;
		struct iovec whole = { registers, sizeof registers };
		if (libc_ptrace(PTRACE_GETREGSET, pid, address, &whole) < 0)
			return -1;
		if (guest->iov_len < whole.iov_len) {
			memcpy(registers, guest->iov_base, guest->iov_len);
			return libc_ptrace(request, pid, address, &whole);
		}
	}
	return libc_ptrace(request, pid, address, data);
}
