/* Runs a command that some system calls are refused to, by a filter such as container runtimes set up.
 *
 * refuse ERRNO NAME[,NAME...] COMMAND [ARGUMENT...]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static const struct {
	const char *name;
	int number;
} CALLS[] = {
	{ "openat2", SYS_openat2 },
	{ "pidfd_open", SYS_pidfd_open },
	{ "statx", SYS_statx },
	{ "memfd_create", SYS_memfd_create },
	{ "setpriority", SYS_setpriority },
	{ "ioprio_set", SYS_ioprio_set },
	{ "close_range", SYS_close_range },
	{ "renameat2", SYS_renameat2 },
	{ "fallocate", SYS_fallocate },
	{ "getrandom", SYS_getrandom },
	{ "clock_adjtime", SYS_clock_adjtime },
	{ "adjtimex", SYS_adjtimex },
	{ "prctl", SYS_prctl },
	{ "prlimit64", SYS_prlimit64 },
	{ "clone3", SYS_clone3 },
	{ "sched_getaffinity", SYS_sched_getaffinity },
	{ "setpgid", SYS_setpgid },
	{ "sigaltstack", SYS_sigaltstack },
	{ "fstatfs", SYS_fstatfs },
	{ "fdatasync", SYS_fdatasync },
	{ "mremap", SYS_mremap },
	{ "socket", SYS_socket },
	{ "readlinkat", SYS_readlinkat },
};

static int number(const char *name)
{
	for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
		if (strcmp(name, CALLS[i].name) == 0)
			return CALLS[i].number;
	fprintf(stderr, "refuse: unknown system call: %s\n", name);
	exit(125);
}

int main(int argc, char **argv)
{
	struct sock_filter filter[64];
	int refused[32];
	int calls = 0;
	unsigned short length = 0;
	unsigned error;

	if (argc < 4) {
		fprintf(stderr, "usage: refuse ERRNO NAME[,NAME...] COMMAND [ARGUMENT...]\n");
		return 125;
	}
	error = (unsigned)strtoul(argv[1], NULL, 10);
	for (char *name = strtok(argv[2], ","); name && calls < 32; name = strtok(NULL, ","))
		refused[calls++] = number(name);

	filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < calls; i++)
		/* To the last instruction, past the one that allows. */
		filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[i],
								(unsigned char)(calls - i), 0);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA));

	struct sock_fprog program = { .len = length, .filter = filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		perror("refuse");
		return 125;
	}
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 125;
}
