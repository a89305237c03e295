// Holds things with names, the first one as descriptor 3, until it is killed.
//
// names KIND:NAME...
//
// KIND is open (a file, created), gone (created, opened and unlinked), memfd, abstract (a listening unix socket) or tcp
// (NAME is a port on which it listens).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int is(const char *argument, const char *kind) { return !strncmp(argument, kind, strlen(kind)); }

static int listening(int socket, const void *address, socklen_t size) {
    return bind(socket, address, size) || listen(socket, 5) ? -1 : socket;
}

static int hold(const char *argument) {
    const char *name = strchr(argument, ':') + 1;
    if (is(argument, "open:") || is(argument, "gone:")) {
        int file = open(name, O_RDWR | O_CREAT, 0600);
        if (is(argument, "gone:")) unlink(name);
        return file;
    }
    if (is(argument, "memfd:")) return memfd_create(name, 0);
    if (is(argument, "abstract:")) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path + 1, name, sizeof address.sun_path - 1);
        socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
        return listening(socket(AF_UNIX, SOCK_STREAM, 0), &address, size);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(name))};
    return listening(socket(AF_INET, SOCK_STREAM, 0), &address, sizeof address);
}

int main(int count, char **arguments) {
    for (int inherited = 3; inherited < 256; inherited++) close(inherited);
    for (int at = 1; at < count; at++) {
        if (hold(arguments[at]) != at + 2) {
            perror(arguments[at]);
            return 1;
        }
    }
    pause();
}
