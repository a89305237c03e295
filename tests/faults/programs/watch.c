// Counts how often each file of some directories, and each of the directories, is opened and read.
//
// watch REPORT DIRECTORY...
//
// Writes REPORT, a line "OPENS READS NAME" for each name that was met, when it gets SIGTERM, and ends. It lies under another
// name until then.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { MOST = 4096 };
static struct met {
    char name[NAME_MAX + 64];
    int opens, reads;
} all[MOST];
static int met_count;
static volatile sig_atomic_t is_over;

static void end(int signal) {
    (void)signal;
    is_over = 1;
}

static void count(const char *directory, const struct inotify_event *event) {
    char name[sizeof all[0].name];
    snprintf(name, sizeof name, "%s/%s", directory, event->len ? event->name : "");
    int at = 0;
    while (at < met_count && strcmp(all[at].name, name)) at++;
    if (at == MOST) return;
    if (at == met_count) strcpy(all[met_count++].name, name);
    all[at].opens += !!(event->mask & IN_OPEN);
    all[at].reads += !!(event->mask & IN_ACCESS);
}

int main(int arguments_count, char **arguments) {
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, 0);
    int watch = inotify_init1(0);
    for (int at = 2; at < arguments_count; at++) {
        // A watch's number is its position.
        if (inotify_add_watch(watch, arguments[at], IN_OPEN | IN_ACCESS) != at - 1) {
            perror(arguments[at]);
            return 1;
        }
    }
    static char buffer[1 << 20] __attribute__((aligned(8)));
    while (!is_over) {
        ssize_t length = read(watch, buffer, sizeof buffer);
        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (void *)(buffer + at);
            count(arguments[event->wd + 1], event);
            at += (ssize_t)sizeof *event + event->len;
        }
    }
    char partial[PATH_MAX];
    snprintf(partial, sizeof partial, "%s.partial", arguments[1]);
    FILE *report = fopen(partial, "w");
    for (int at = 0; at < met_count; at++) fprintf(report, "%d %d %s\n", all[at].opens, all[at].reads, all[at].name);
    fclose(report);
    return rename(partial, arguments[1]) != 0;
}
