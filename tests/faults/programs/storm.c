// Short-lived processes, each with a token of its own in its name, its arguments and its environment.
//
// storm brief          about a thousand of them in a second
// storm reuse FIRST N  N process ids from FIRST on, each used again as soon as it is free
//
// Lives until it is killed.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(unsigned number) {
    char token[16], variable[32];
    snprintf(token, sizeof token, "token%07u", number % 10000000);
    snprintf(variable, sizeof variable, "TOKEN=%s", token);
    char *arguments[] = {token, 0}, *environment[] = {variable, 0};
    execve("/proc/self/exe", arguments, environment);
    _exit(1);
}

static long start_as(pid_t pid) {
    struct clone_args arguments = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
    return syscall(SYS_clone3, &arguments, sizeof arguments);
}

static void reuse(pid_t pid) {
    for (unsigned number = pid * 1000u;; number++) {
        long child = start_as(pid);
        if (child == 0) become(number);
        if (child < 0) {
            usleep(200);
            continue;
        }
        waitpid(child, 0, 0);
    }
}

int main(int count, char **arguments) {
    if (!strncmp(arguments[0], "token", 5)) {
        prctl(PR_SET_NAME, arguments[0]);
        usleep(500 + getpid() % 7 * 1000);
        return 0;
    }
    if (count == 4 && !strcmp(arguments[1], "reuse")) {
        pid_t first = atoi(arguments[2]);
        for (pid_t pid = first; pid < first + atoi(arguments[3]); pid++) {
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                reuse(pid);
            }
        }
        pause();
    }
    if (count != 2 || strcmp(arguments[1], "brief")) return 2;
    signal(SIGCHLD, SIG_IGN);
    for (unsigned number = 0;; number++) {
        if (fork() == 0) become(number);
        usleep(1000);
    }
}
