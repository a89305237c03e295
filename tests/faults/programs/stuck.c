// A process that hangs, or holds what hangs: stuck [-u UID] HOW PATH
//
// open   holds a file descriptor of PATH            path   holds one that was opened with O_PATH
// exec   executes another program with a descriptor of PATH that is closed then
// map    holds the lock of its own memory map: PATH is a file of hfuse whose writes are not answered
// cwd    is in PATH                                 root   has PATH as its root directory
// vfork  waits for a child that it lent its memory  stop   is stopped
// trace  has a child that is stopped by tracing     read   reads PATH
// lease  holds a lease for writing on PATH          deny   answers no question about opening files in PATH (fanotify)
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

static int opened(const char *path, int flags) {
    int file = open(path, flags);
    if (file < 0) {
        perror(path);
        exit(1);
    }
    return file;
}

int main(int count, char **arguments) {
    if (count > 3 && !strcmp(arguments[1], "-u")) {
        int uid = atoi(arguments[2]);
        if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) return 1;
        arguments += 2;
        count -= 2;
    }
    if (count < 3) return 2;
    const char *how = arguments[1], *path = arguments[2];
    if (!strcmp(how, "open")) {
        opened(path, O_RDONLY);
    } else if (!strcmp(how, "path")) {
        opened(path, O_PATH);
    } else if (!strcmp(how, "exec")) {
        opened(path, O_RDONLY | O_CLOEXEC);
        execl("/bin/sleep", "stuck-exec", "1000", (char *)0);
    } else if (!strcmp(how, "map")) {
        char *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, opened(path, O_RDWR), 0);
        if (shared == MAP_FAILED) return 1;
        shared[0] = 'x';
        mmap(0, 4096, PROT_READ, MAP_PRIVATE, opened(path, O_RDONLY), 0);
    } else if (!strcmp(how, "cwd")) {
        if (chdir(path)) return 1;
    } else if (!strcmp(how, "root")) {
        if (chroot(path)) return 1;
    } else if (!strcmp(how, "vfork")) {
        if (!vfork()) {
            sleep(1000);
            _exit(0);
        }
    } else if (!strcmp(how, "stop")) {
        raise(SIGSTOP);
    } else if (!strcmp(how, "trace")) {
        if (!fork()) {
            ptrace(PTRACE_TRACEME, 0, 0, 0);
            raise(SIGSTOP);
        }
    } else if (!strcmp(how, "read")) {
        char byte;
        if (read(opened(path, O_RDONLY), &byte, 1) < 0) return 1;
    } else if (!strcmp(how, "lease")) {
        signal(SIGIO, SIG_IGN);
        if (fcntl(opened(path, O_RDWR), F_SETLEASE, F_WRLCK)) return 1;
    } else if (!strcmp(how, "deny")) {
        int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
        if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD, path)) {
            perror("fanotify");
            return 1;
        }
    } else {
        return 2;
    }
    for (;;) pause();
}
