// A process whose arguments or environment are odd: bigargs HOW
//
// big    64 GiB of each, which no memory stands behind     bare   arguments without the NUL at their end
// empty  no arguments at all (the program executes itself so)
// title  a title over both, as daemons set it                mute   both in memory that somebody else is to provide, and does not
// maps   65,000 mappings   fds COUNT   as many descriptors, or what is allowed   threads COUNT   as many threads
// The line "ready" on standard output says that it is so.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <fcntl.h>

static char *reserve(unsigned long length) {
    char *memory = mmap(0, length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) exit(3);
    return memory;
}

static void place(char *arguments, char *environment, unsigned long length) {
    static char line[4096];
    unsigned long long fields[60] = {0};
    FILE *stat = fopen("/proc/self/stat", "r");
    if (!stat || !fgets(line, sizeof line, stat)) exit(1);
    int number = 3;
    for (char *field = strtok(strrchr(line, ')') + 2, " "); field && number < 60; field = strtok(0, " "))
        fields[number++] = strtoull(field, 0, 10);
    struct prctl_mm_map map = {
        .start_code = fields[26], .end_code = fields[27], .start_stack = fields[28],
        .start_data = fields[45], .end_data = fields[46], .start_brk = fields[47],
        .brk = (unsigned long)sbrk(0),
        .arg_start = (unsigned long)arguments, .arg_end = (unsigned long)arguments + length,
        .env_start = (unsigned long)environment, .env_end = (unsigned long)environment + length,
        .exe_fd = -1,
    };
    if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0)) {
        fprintf(stderr, "PR_SET_MM_MAP: %s\n", strerror(errno));
        exit(3);
    }
}

// Whoever reads it waits for a userfaultfd that nobody listens to.
static char *unprovided(unsigned long length) {
    char *memory = reserve(length);
    int faults = syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register range = {
        .range = {(unsigned long)memory, length}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range)) exit(3);
    return memory;
}

static void *rest(void *nothing) {
    pause();
    return nothing;
}

int main(int count, char **arguments) {
    const char *how = strdup(count > 1 ? arguments[1] : "none");
    long wanted = count > 2 ? atol(arguments[2]) : 0;
    if (!strcmp(how, "big")) {
        unsigned long length = 64UL << 30;
        char *big = reserve(length), *environment = reserve(length);
        strcpy(big, "big-arguments");
        strcpy(environment, "PLANT=big-environment");
        place(big, environment, length);
    } else if (!strcmp(how, "bare")) {
        char *bare = reserve(4096);
        memcpy(bare, "bare-argument", 13);
        memcpy(bare + 2048, "PLANT=bare", 10);
        place(bare, bare + 2048, 10);
    } else if (!strcmp(how, "mute")) {
        place(unprovided(4096), unprovided(4096), 4096);
    } else if (!strcmp(how, "title")) {
        char *end = arguments[0] + strlen(arguments[0]);
        for (int n = 1; n < count; n++) end = arguments[n] + strlen(arguments[n]);
        for (char **variable = environ; *variable; variable++) end = *variable + strlen(*variable);
        memset(arguments[0], 0, end - arguments[0]);
        snprintf(arguments[0], end - arguments[0], "worker: %s", "as long as a title may well be, beyond the arguments");
    } else if (!strcmp(how, "empty")) {
        static char *none[] = {0};
        execve("/proc/self/exe", none, none);
        return 1;
    } else if (!strcmp(how, "maps")) {
        for (int n = 0; n < 65000; n++)
            if (mmap(0, 4096, n % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                MAP_FAILED)
                break;
    } else if (!strcmp(how, "fds")) {
        struct rlimit limit = {wanted + 10, wanted + 10}, allowed;
        int file = open("/dev/null", O_RDONLY);
        // Where the limit cannot be raised, as many as it allows.
        if (setrlimit(RLIMIT_NOFILE, &limit) && !getrlimit(RLIMIT_NOFILE, &allowed)) {
            allowed.rlim_cur = allowed.rlim_max;
            setrlimit(RLIMIT_NOFILE, &allowed);
        }
        for (long n = 0; n < wanted; n++)
            if (dup(file) < 0) break;
    } else if (!strcmp(how, "threads")) {
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 16384);
        pthread_t thread;
        for (long n = 0; n < wanted; n++)
            if (pthread_create(&thread, &small, rest, 0)) break;
    }
    puts("ready");
    fflush(stdout);
    pause();
}
