// A FUSE server that answers as badly as it is told.
//
// hfuse MOUNT OPTION [NAME...] [OPERATION:NAME:ANSWER[:AFTER]...]
//
// OPTION is allow_other, or - for none. A NAME is an entry of the root directory: NAME/ is a directory, NAME@ a symbolic
// link to "plain", NAME=FILE has the bytes of a file outside, and NAME alone is a file with one line. "plain" is always
// there. In a rule the NAME may be . for the root directory and * for everything. OPERATION is lookup (NAME is then what
// is looked for), getattr, open, read, write, flush, release, readlink, readdir, access, statfs or init; ANSWER is never,
// eio, enosys, stop, which answers well and stops the server then, or a number of milliseconds to wait. So many requests as AFTER says are answered well before.
//
// Files can be created and written to, but keep nothing.
//
// A file with a rule for write is opened for direct I/O from the second time on: a private mapping of it waits for
// dirty pages to be written, with the lock of the memory map held.
//
// When it ends, the kernel aborts the connection, and everything that hangs on it goes on.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 80, NEVER = -1, EIO_ANSWER = -2, ENOSYS_ANSWER = -3, STOP = -4 };

struct node {
    const char *name;
    mode_t mode;
    const char *bytes;
    size_t size;
    int opens;
};

struct rule {
    char operation[16];
    char name[64];
    int answer;
    int after;
};

static struct node nodes[MOST] = {{0}, {".", S_IFDIR | 0755, 0, 0, 0}, {"plain", S_IFREG | 0777, "planted\n", 8, 0}};
static int node_count = 3;
static struct rule rules[MOST];
static int rule_count;
static int device;

static void add_node(char *argument) {
    struct node *node = &nodes[node_count++];
    *node = (struct node){argument, S_IFREG | 0777, "planted\n", 8, 0};
    char *content = strchr(argument, '=');
    size_t length = strlen(argument);
    if (content) {
        *content = 0;
        int file = open(content + 1, O_RDONLY);
        struct stat stat;
        if (file < 0 || fstat(file, &stat)) {
            perror(content + 1);
            exit(1);
        }
        node->size = stat.st_size;
        node->bytes = mmap(0, node->size, PROT_READ, MAP_PRIVATE, file, 0);
    } else if (argument[length - 1] == '/') {
        node->mode = S_IFDIR | 0755;
        argument[length - 1] = 0;
    } else if (argument[length - 1] == '@') {
        node->mode = S_IFLNK | 0777;
        node->bytes = "plain";
        node->size = 5;
        argument[length - 1] = 0;
    }
}

static void add_rule(const char *argument) {
    struct rule *rule = &rules[rule_count++];
    char answer[16];
    if (sscanf(argument, "%15[^:]:%63[^:]:%15[^:]:%d", rule->operation, rule->name, answer, &rule->after) < 3) {
        fprintf(stderr, "no rule: %s\n", argument);
        exit(1);
    }
    rule->answer = !strcmp(answer, "never")    ? NEVER
                   : !strcmp(answer, "eio")    ? EIO_ANSWER
                   : !strcmp(answer, "enosys") ? ENOSYS_ANSWER
                   : !strcmp(answer, "stop")   ? STOP
                                               : atoi(answer);
}

static int is_ruled(const char *operation, const char *name, int *answer) {
    for (int i = 0; i < rule_count; i++) {
        int same = !strcmp(rules[i].name, "*") || !strcmp(rules[i].name, name);
        if (same && !strcmp(rules[i].operation, operation)) {
            *answer = rules[i].answer;
            return 1;
        }
    }
    return 0;
}

// Counts a request that has a rule; says whether it is still one to be answered well.
static int is_before(const char *operation, const char *name) {
    for (int i = 0; i < rule_count; i++) {
        int same = !strcmp(rules[i].name, "*") || !strcmp(rules[i].name, name);
        if (same && !strcmp(rules[i].operation, operation)) return rules[i].after > 0 && rules[i].after-- > 0;
    }
    return 0;
}

static const char *operation_name(uint32_t opcode) {
    switch (opcode) {
    case FUSE_INIT: return "init";
    case FUSE_LOOKUP: return "lookup";
    case FUSE_GETATTR: return "getattr";
    case FUSE_OPEN: return "open";
    case FUSE_OPENDIR: return "open";
    case FUSE_READ: return "read";
    case FUSE_WRITE: return "write";
    case FUSE_FLUSH: return "flush";
    case FUSE_RELEASE: return "release";
    case FUSE_READLINK: return "readlink";
    case FUSE_READDIR: return "readdir";
    case FUSE_ACCESS: return "access";
    case FUSE_STATFS: return "statfs";
    default: return "";
    }
}

static void reply(uint64_t unique, int error, const void *bytes, size_t size) {
    static char buffer[(1 << 17) + 4096];
    struct fuse_out_header *header = (void *)buffer;
    *header = (struct fuse_out_header){.len = sizeof *header + size, .error = error, .unique = unique};
    if (size) memcpy(buffer + sizeof *header, bytes, size);
    // Refused where the asker was killed meanwhile.
    if (write(device, buffer, header->len) < 0) return;
}

static void attributes(struct fuse_attr *attr, uint64_t id) {
    memset(attr, 0, sizeof *attr);
    attr->ino = id;
    attr->nlink = 1;
    attr->uid = getuid();
    attr->gid = getgid();
    attr->blksize = 4096;
    attr->mode = nodes[id].mode;
    attr->size = nodes[id].size;
}

// Attributes are remembered by the kernel only where asking for them is harmless.
static uint64_t valid(uint64_t id) {
    int answer;
    return is_ruled("getattr", nodes[id].name, &answer) ? 0 : 1000;
}

static void read_directory(struct fuse_in_header *header, struct fuse_read_in *in) {
    char bytes[8192];
    size_t used = 0;
    for (uint64_t id = 2 + in->offset; header->nodeid == 1 && id < (uint64_t)node_count; id++) {
        size_t length = strlen(nodes[id].name);
        size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
        if (used + size > sizeof bytes || used + size > in->size) break;
        struct fuse_dirent *entry = (void *)(bytes + used);
        memset(entry, 0, size);
        *entry = (struct fuse_dirent){.ino = id, .off = id - 1, .namelen = length, .type = nodes[id].mode >> 12};
        memcpy(entry->name, nodes[id].name, length);
        used += size;
    }
    reply(header->unique, 0, bytes, used);
}

static void answer(struct fuse_in_header *header, char *body) {
    uint64_t id = header->nodeid;
    int ruled;
    switch (header->opcode) {
    case FUSE_INIT: {
        struct fuse_init_out out = {.major = 7, .minor = 31, .max_readahead = 1 << 17, .max_write = 1 << 17,
                                    .max_background = 64, .congestion_threshold = 48};
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out out = {.generation = 1, .entry_valid = 1000};
        for (int i = 2; i < node_count && id == 1; i++)
            if (!strcmp(nodes[i].name, body)) out.nodeid = i;
        if (!out.nodeid) return reply(header->unique, -ENOENT, 0, 0);
        attributes(&out.attr, out.nodeid);
        out.attr_valid = valid(out.nodeid);
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_GETATTR:
    case FUSE_SETATTR: {
        struct fuse_attr_out out = {.attr_valid = valid(id)};
        attributes(&out.attr, id);
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
        struct fuse_open_out out = {.fh = id};
        if (is_ruled("write", nodes[id].name, &ruled))
            out.open_flags = FOPEN_KEEP_CACHE | (nodes[id].opens++ ? FOPEN_DIRECT_IO : 0);
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_CREATE: {
        struct fuse_create_in *in = (void *)body;
        if (node_count >= MOST) return reply(header->unique, -ENOSPC, 0, 0);
        int made = node_count++;
        nodes[made] = (struct node){strdup(body + sizeof *in), in->mode, "", 0, 0};
        struct {
            struct fuse_entry_out entry;
            struct fuse_open_out open;
        } out = {.entry = {.nodeid = made, .generation = 1, .entry_valid = 1000}, .open = {.fh = made}};
        attributes(&out.entry.attr, made);
        out.entry.attr_valid = valid(made);
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_READ: {
        struct fuse_read_in *in = (void *)body;
        size_t left = in->offset < nodes[id].size ? nodes[id].size - in->offset : 0;
        return reply(header->unique, 0, nodes[id].bytes + in->offset, left < in->size ? left : in->size);
    }
    case FUSE_WRITE: {
        struct fuse_write_out out = {.size = ((struct fuse_write_in *)body)->size};
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_READLINK: return reply(header->unique, 0, nodes[id].bytes, nodes[id].size);
    case FUSE_READDIR: return read_directory(header, (void *)body);
    case FUSE_STATFS: {
        struct fuse_statfs_out out = {.st = {.blocks = 1000, .bfree = 500, .bavail = 500, .bsize = 4096, .namelen = 255}};
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_ACCESS: return reply(header->unique, 0, 0, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: return;
    default: return reply(header->unique, -ENOSYS, 0, 0);
    }
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    if (count > MOST) {
        fprintf(stderr, "more than it has room for\n");
        return 1;
    }
    for (int i = 3; i < count; i++)
        if (strchr(arguments[i], ':') && !strchr(arguments[i], '=')) add_rule(arguments[i]);
        else add_node(arguments[i]);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) {
        perror("/dev/fuse");
        return 1;
    }
    char options[200];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%d,group_id=%d%s", device, getuid(), getgid(),
             strcmp(arguments[2], "allow_other") ? "" : ",allow_other");
    if (mount("hfuse", arguments[1], "fuse.hfuse", MS_NOSUID | MS_NODEV, options)) {
        perror("mount");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    static char buffer[1 << 18];
    for (;;) {
        if (read(device, buffer, sizeof buffer) < 0) {
            if (errno == ENODEV) return 0;
            continue;
        }
        struct fuse_in_header *header = (void *)buffer;
        char *body = buffer + sizeof *header;
        int ruled = 0;
        const char *name = header->opcode == FUSE_LOOKUP ? body : header->nodeid < MOST ? nodes[header->nodeid].name : 0;
        if (is_ruled(operation_name(header->opcode), name ? name : ".", &ruled) &&
            !is_before(operation_name(header->opcode), name ? name : ".")) {
            if (ruled == NEVER) continue;
            if (ruled == EIO_ANSWER || ruled == ENOSYS_ANSWER) {
                reply(header->unique, ruled == EIO_ANSWER ? -EIO : -ENOSYS, 0, 0);
                continue;
            }
            if (ruled == STOP) {
                answer(header, body);
                raise(SIGSTOP);
                continue;
            }
            // The others are served meanwhile.
            if (fork()) continue;
            usleep(ruled * 1000);
            answer(header, body);
            _exit(0);
        }
        answer(header, body);
    }
}
