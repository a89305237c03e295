// probe: physical limits of reading /proc. gcc -O2 -o probe probe.c -lpthread (io_uring comparison: add
// -DWITH_URING -luring)
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_URING
#include <liburing.h>
#endif
#define MAXP 200000
static int pids[MAXP], np;
static int procfd;
static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static int unsh;
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
struct d64 {
    unsigned long ino;
    long off;
    unsigned short rl;
    unsigned char ty;
    char name[];
};
static void listpids(void) {
    char b[1 << 18];
    int n;
    lseek(procfd, 0, 0);
    np = 0;
    while ((n = syscall(SYS_getdents64, procfd, b, sizeof b)) > 0)
        for (int o = 0; o < n;) {
            struct d64 *d = (void *)(b + o);
            o += d->rl;
            if (d->name[0] >= '1' && d->name[0] <= '9')
                pids[np++] = atoi(d->name);
        }
}
static const char *files[] = {"stat",      "status",    "cmdline",       "environ",      "cgroup",
                              "io",        "limits",    "maps",          "smaps_rollup", "statm",
                              "comm",      "oom_score", "oom_score_adj", "loginuid",     "sessionid",
                              "wchan",     "stack",     "syscall",       "sched",        "schedstat",
                              "mountinfo", "mounts",    "auxv",          "personality",  "attr/current",
                              "numa_maps", "smaps",     "timerslack_ns", "uid_map",      "cpuset",
                              "timers"};
#define NF (int)(sizeof files / sizeof *files)
struct job {
    int id, nth;
    int what;
    unsigned mask;
    long nfile, bytes, nsys, nfd, ntask, nlnk;
    double us;
    int fd;
};
static char *outbuf(void) { return malloc(1 << 20); }
// tar writer
static void tarhdr(char *h, const char *name, long sz, int type) {
    memset(h, 0, 512);
    snprintf(h, 100, "%s", name);
    memcpy(h + 100, "0000444", 7);
    memcpy(h + 108, "0000000", 7);
    memcpy(h + 116, "0000000", 7);
    snprintf(h + 124, 12, "%011lo", sz);
    memcpy(h + 136, "14700000000", 11);
    memset(h + 148, ' ', 8);
    h[156] = type;
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    unsigned s = 0;
    for (int i = 0; i < 512; i++)
        s += (unsigned char)h[i];
    snprintf(h + 148, 7, "%06o", s);
    h[155] = ' ';
}
struct ob {
    char *b;
    long n, cap;
    int fd;
};
static void oput(struct ob *o, const void *p, long n) {
    if (!o)
        return;
    if (o->n + n > o->cap) {
        if (write(o->fd, o->b, o->n) < 0)
            perror("w");
        o->n = 0;
    }
    if (n > o->cap) {
        if (write(o->fd, p, n) < 0)
            perror("w");
        return;
    }
    memcpy(o->b + o->n, p, n);
    o->n += n;
}
static long rdfile(int dfd, const char *p, char *buf, long cap, struct job *j) {
    int f = openat(dfd, p, O_RDONLY | O_CLOEXEC);
    j->nsys++;
    if (f < 0)
        return -1;
    long t = 0;
    for (;;) {
        if (t >= cap)
            break;
        ssize_t n = read(f, buf + t, cap - t);
        j->nsys++;
        if (n <= 0)
            break;
        t += n;
    }
    close(f);
    j->nsys++;
    j->nfile++;
    j->bytes += t;
    return t;
}
static void tarput(struct ob *o, int pid, const char *fn, const char *b, long n) {
    char h[512];
    char nm[100];
    snprintf(nm, 100, "proc/%d/%s", pid, fn);
    tarhdr(h, nm, n, '0');
    oput(o, h, 512);
    oput(o, b, n);
    static const char z[512];
    if (n & 511)
        oput(o, z, 512 - (n & 511));
}
static int tarmode = 1;
static char *outname;
static void *work(void *a) {
    struct job *j = a;
    if (unsh && j->nth > 1 && unshare(CLONE_FILES))
        perror("unshare");
    char *buf = malloc(8 << 20), *db = malloc(1 << 18);
    char p[64], lk[4096];
    struct ob O = {0}, *o = 0;
    if (outname && j->id == 0) {
        O.cap = 1 << 20;
        O.b = malloc(O.cap);
        O.fd = open(outname, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        o = &O;
    }
    char *lst = malloc(4 << 20);
    long ln;
    double t0 = now();
    for (int i = j->id; i < np; i += j->nth) {
        snprintf(p, 64, "%d", pids[i]);
        int d = openat(procfd, p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        j->nsys += 2;
        if (d < 0)
            continue;
        if (j->what & 1)
            for (int k = 0; k < NF; k++)
                if (j->mask & (1u << k)) {
                    long n = rdfile(d, files[k], buf, 8 << 20, j);
                    if (o && n >= 0) {
                        if (tarmode)
                            tarput(o, pids[i], files[k], buf, n);
                        else {
                            int hd[3] = {pids[i], k, n};
                            oput(o, hd, 12);
                            oput(o, buf, n);
                        }
                    }
                }
        if (j->what & 2) {
            int td = openat(d, "task", O_RDONLY | O_DIRECTORY);
            int n;
            while ((n = syscall(SYS_getdents64, td, db, 1 << 18)) > 0) {
                j->nsys++;
                for (int q = 0; q < n;) {
                    struct d64 *e = (void *)(db + q);
                    q += e->rl;
                    if (e->name[0] == '.')
                        continue;
                    snprintf(p, 64, "%s/stat", e->name);
                    long m = rdfile(td, p, buf, 1 << 20, j);
                    j->ntask++;
                    if (o && m >= 0) {
                        char q2[100];
                        snprintf(q2, 100, "task/%s/stat", e->name);
                        if (tarmode)
                            tarput(o, pids[i], q2, buf, m);
                        else {
                            int hd[3] = {pids[i], atoi(e->name), m};
                            oput(o, hd, 12);
                            oput(o, buf, m);
                        }
                    }
                }
            }
            close(td);
        }
        if (j->what & (4 | 8 | 16)) {
            int fd = openat(d, "fd", O_RDONLY | O_DIRECTORY),
                fi = (j->what & 8) ? openat(d, "fdinfo", O_RDONLY | O_DIRECTORY) : -1;
            int n;
            ln = 0;
            while ((n = syscall(SYS_getdents64, fd, db, 1 << 18)) > 0) {
                j->nsys++;
                for (int q = 0; q < n;) {
                    struct d64 *e = (void *)(db + q);
                    q += e->rl;
                    if (e->name[0] == '.')
                        continue;
                    j->nfd++;
                    if (j->what & 4) {
                        int m = readlinkat(fd, e->name, lk, sizeof lk);
                        j->nsys++;
                        j->nlnk++;
                        if (m > 0) {
                            j->bytes += m;
                            if (o) {
                                if (tarmode == 2) {
                                    char h[512], nm[100];
                                    snprintf(nm, 100, "proc/%d/fd/%s", pids[i], e->name);
                                    lk[m < 100 ? m : 99] = 0;
                                    tarhdr(h, nm, 0, '2');
                                    memcpy(h + 157, lk, m < 99 ? m : 99);
                                    oput(o, h, 512);
                                } else
                                    ln += snprintf(lst + ln, 4200, "%s %.*s\n", e->name, m, lk);
                            }
                        }
                    }
                    if (j->what & 16) {
                        struct stat st;
                        fstatat(fd, e->name, &st, 0);
                        j->nsys++;
                    }
                    if (j->what & 8) {
                        long m = rdfile(fi, e->name, buf, 1 << 20, j);
                        if (o && m > 0) {
                            if (tarmode == 2) {
                                char q2[100];
                                snprintf(q2, 100, "fdinfo/%s", e->name);
                                tarput(o, pids[i], q2, buf, m);
                            } else {
                                memcpy(lst + ln, buf, m);
                                ln += m;
                            }
                        }
                    }
                    if (o && tarmode != 2 && ln > (3 << 20)) {
                        tarput(o, pids[i], "fds.txt", lst, ln);
                        ln = 0;
                    }
                }
            }
            if (o && tarmode != 2)
                tarput(o, pids[i], "fds.txt", lst, ln);
            close(fd);
            if (fi >= 0)
                close(fi);
        }
        close(d);
    }
    if (o) {
        if (write(O.fd, O.b, O.n) < 0)
            perror("w");
        close(O.fd);
    }
    j->us = now() - t0;
    free(buf);
    free(db);
    free(lst);
    return 0;
}
static void run(const char *name, int what, unsigned mask, int nth, int reps) {
    double us[16], cu[16];
    struct job js[8];
    struct job s;
    for (int r = 0; r < reps; r++) {
        listpids();
        pthread_t t[8];
        double t0 = now(), c0 = cpu();
        for (int i = 0; i < nth; i++) {
            memset(&js[i], 0, sizeof js[i]);
            js[i].id = i;
            js[i].nth = nth;
            js[i].what = what;
            js[i].mask = mask;
            if (nth > 1)
                pthread_create(&t[i], 0, work, &js[i]);
            else
                work(&js[i]);
        }
        if (nth > 1)
            for (int i = 0; i < nth; i++)
                pthread_join(t[i], 0);
        us[r] = now() - t0;
        cu[r] = cpu() - c0;
    }
    memset(&s, 0, sizeof s);
    for (int i = 0; i < nth; i++) {
        s.nfile += js[i].nfile;
        s.bytes += js[i].bytes;
        s.nsys += js[i].nsys;
        s.nfd += js[i].nfd;
        s.ntask += js[i].ntask;
    }
    for (int i = 1; i < reps; i++)
        for (int k = i; k && us[k] < us[k - 1]; k--) {
            double x = us[k];
            us[k] = us[k - 1];
            us[k - 1] = x;
        }
    for (int i = 1; i < reps; i++)
        for (int k = i; k && cu[k] < cu[k - 1]; k--) {
            double x = cu[k];
            cu[k] = cu[k - 1];
            cu[k - 1] = x;
        }
    double w = us[reps / 2], m = cu[reps / 2];
    printf("%-22s th=%d%s procs=%d wall_ms med=%.1f min=%.1f max=%.1f CPU_ms med=%.1f min=%.1f max=%.1f | "
           "CPU: us/proc=%.2f us/file=%.2f us/sys=%.2f us/fd=%.2f us/task=%.2f files=%ld fds=%ld tasks=%ld "
           "bytes=%ld B/file=%.0f\n",
           name, nth, unsh ? "u" : "", np, w / 1e3, us[0] / 1e3, us[reps - 1] / 1e3, m / 1e3, cu[0] / 1e3,
           cu[reps - 1] / 1e3, m / np, s.nfile ? m / s.nfile : 0, s.nsys ? m / s.nsys : 0,
           s.nfd ? m / s.nfd : 0, s.ntask ? m / s.ntask : 0, s.nfile, s.nfd, s.ntask, s.bytes,
           s.nfile ? (double)s.bytes / s.nfile : 0);
    fflush(stdout);
}
static void cat(const char *p, long bs, int reps) {
    char *b = malloc(bs);
    double us[16];
    long tot = 0, lines = 0, rd = 0;
    for (int r = 0; r < reps; r++) {
        tot = lines = rd = 0;
        double t0 = now();
        int f = open(p, O_RDONLY);
        if (f < 0) {
            perror(p);
            return;
        }
        long n;
        while ((n = read(f, b, bs)) > 0) {
            tot += n;
            rd++;
            if (r == 0)
                for (char *q = b; (q = memchr(q, '\n', b + n - q)); q++)
                    lines++;
        }
        close(f);
        us[r] = now() - t0;
        if (r == 0) {
            us[0] = 1e18;
        }
        static long L;
        if (r == 0)
            L = lines;
        lines = L;
    }
    for (int i = 1; i < reps; i++)
        for (int k = i; k && us[k] < us[k - 1]; k--) {
            double x = us[k];
            us[k] = us[k - 1];
            us[k - 1] = x;
        }
    int n = reps - 1;
    printf("cat %-28s buf=%ld ms med=%.1f min=%.1f max=%.1f lines=%ld bytes=%ld reads=%ld us/line=%.3f "
           "MB/s=%.0f\n",
           p, bs, us[n / 2] / 1e3, us[0] / 1e3, us[n - 1] / 1e3, lines, tot, rd,
           us[n / 2] / (lines ? lines : 1), tot / us[n / 2]);
    fflush(stdout);
    free(b);
}
static long dump(int proto, const void *req, int len, int bufsz, long *bytes, long *calls) {
    int fd = socket(AF_NETLINK, SOCK_RAW, proto);
    int sz = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &sz, 4);
    struct sockaddr_nl a = {.nl_family = AF_NETLINK};
    sendto(fd, req, len, 0, (void *)&a, sizeof a);
    char *b = malloc(bufsz);
    long n = 0;
    *bytes = *calls = 0;
    for (int done = 0; !done;) {
        int r = recv(fd, b, bufsz, 0);
        if (r <= 0) {
            perror("recv");
            break;
        }
        (*calls)++;
        *bytes += r;
        unsigned rr = r;
        for (struct nlmsghdr *h = (void *)b; NLMSG_OK(h, rr); h = NLMSG_NEXT(h, rr)) {
            if (h->nlmsg_type == NLMSG_DONE) {
                done = 1;
                break;
            }
            if (h->nlmsg_type == NLMSG_ERROR) {
                printf("nlerr %d\n", ((struct nlmsgerr *)NLMSG_DATA(h))->error);
                done = 1;
                break;
            }
            n++;
        }
    }
    close(fd);
    free(b);
    return n;
}
static void ddump(const char *nm, int proto, const void *req, int len, int bufsz, int reps) {
    double us[16];
    long n = 0, by, ca;
    for (int r = 0; r < reps; r++) {
        double t0 = now();
        n = dump(proto, req, len, bufsz, &by, &ca);
        us[r] = now() - t0;
    }
    for (int i = 1; i < reps; i++)
        for (int k = i; k && us[k] < us[k - 1]; k--) {
            double x = us[k];
            us[k] = us[k - 1];
            us[k - 1] = x;
        }
    printf("nl %-14s buf=%d ms med=%.1f min=%.1f max=%.1f msgs=%ld bytes=%ld recvs=%ld us/msg=%.3f\n", nm,
           bufsz, us[reps / 2] / 1e3, us[0] / 1e3, us[reps - 1] / 1e3, n, by, ca, n ? us[reps / 2] / n : 0);
    fflush(stdout);
}
static void ctdump(int bufsz, int reps) {
    struct {
        struct nlmsghdr h;
        struct nfgenmsg g;
    } q = {{sizeof q, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
           {AF_UNSPEC, 0, 0}};
    ddump("ctnetlink", NETLINK_NETFILTER, &q, sizeof q, bufsz, reps);
}
static void inetd(int proto, int bufsz, int reps) {
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 r;
    } q;
    memset(&q, 0, sizeof q);
    q.h.nlmsg_len = sizeof q;
    q.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    q.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    q.r.sdiag_family = AF_INET;
    q.r.sdiag_protocol = proto;
    q.r.idiag_states = ~0u;
    ddump("inet_diag-tcp", NETLINK_SOCK_DIAG, &q, sizeof q, bufsz, reps);
    q.r.idiag_ext = (1 << (INET_DIAG_INFO - 1)) | (1 << (INET_DIAG_SKMEMINFO - 1));
    ddump("inet_diag+info", NETLINK_SOCK_DIAG, &q, sizeof q, bufsz, reps);
}
static void unixd(int bufsz, int reps) {
    struct {
        struct nlmsghdr h;
        struct unix_diag_req r;
    } q;
    memset(&q, 0, sizeof q);
    q.h.nlmsg_len = sizeof q;
    q.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    q.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    q.r.sdiag_family = AF_UNIX;
    q.r.udiag_states = ~0u;
    q.r.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_VFS;
    ddump("unix_diag", NETLINK_SOCK_DIAG, &q, sizeof q, bufsz, reps);
}
#ifdef WITH_URING
static void uring(const char *fn, int direct, int depth) {
    struct io_uring r;
    if (io_uring_queue_init(depth * 4, &r,
                            IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                IORING_SETUP_SUBMIT_ALL)) {
        perror("uring");
        return;
    }
    io_uring_register_files_sparse(&r, depth);
    listpids();
    char(*paths)[64] = malloc(64L * depth);
    char *bufs = malloc(65536L * depth);
    long ok = 0, bytes = 0;
    double t0 = now(), uc0 = cpu();
    for (int i = 0; i < np;) {
        int k = 0;
        for (; k < depth && i < np; k++, i++) {
            snprintf(paths[k], 64, "%d/%s", pids[i], fn);
            struct io_uring_sqe *s = io_uring_get_sqe(&r);
            io_uring_prep_openat_direct(s, procfd, paths[k], O_RDONLY, 0, k);
            s->flags |= IOSQE_IO_LINK;
            s->user_data = 1;
            s = io_uring_get_sqe(&r);
            io_uring_prep_read(s, k, bufs + 65536L * k, 65536, 0);
            s->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK;
            s->user_data = 2;
            s = io_uring_get_sqe(&r);
            io_uring_prep_close_direct(s, k);
            s->user_data = 3;
        }
        io_uring_submit_and_wait(&r, k * 3);
        struct io_uring_cqe *c;
        int got = 0;
        while (got < k * 3) {
            if (io_uring_wait_cqe(&r, &c))
                break;
            if (c->user_data == 2 && c->res >= 0) {
                ok++;
                bytes += c->res;
            }
            io_uring_cqe_seen(&r, c);
            got++;
        }
    }
    double us = now() - t0;
    double cc = cpu() - uc0;
    printf("uring %-12s depth=%d ms=%.1f us/file=%.2f CPU us/file=%.2f ok=%ld bytes=%ld\n", fn, depth,
           us / 1e3, us / (ok ? ok : 1), cc / (ok ? ok : 1), ok, bytes);
    fflush(stdout);
    io_uring_queue_exit(&r);
    free(paths);
    free(bufs);
}
#else
static void uring(const char *fn, int direct, int depth) {
    (void)fn;
    (void)direct;
    (void)depth;
}
#endif
static void sync1(const char *fn) {
    listpids();
    char b[65536], p[64];
    long ok = 0;
    double t0 = now(), c0 = cpu();
    for (int i = 0; i < np; i++) {
        snprintf(p, 64, "%d/%s", pids[i], fn);
        int f = openat(procfd, p, O_RDONLY | O_CLOEXEC);
        if (f < 0)
            continue;
        if (read(f, b, sizeof b) >= 0)
            ok++;
        close(f);
    }
    printf("sync1 %-8s wall us/file %.2f CPU us/file %.2f\n", fn, (now() - t0) / ok, (cpu() - c0) / ok);
}
int main(int c, char **v) {
    procfd = open("/proc", O_RDONLY | O_DIRECTORY);
    const char *m = c > 1 ? v[1] : "all";
    int reps = c > 2 ? atoi(v[2]) : 5;
    if (!strcmp(m, "types")) {
        for (int k = 0; k < NF; k++)
            run(files[k], 1, 1u << k, 1, reps);
        run("opendir-only", 0, 0, 1, reps);
    }
    if (!strcmp(m, "groups"))
        for (int t = 1; t <= 2; t++) {
            run("9files", 1, 0x1ff, t, reps);
            run("8files-no-smaps_rollup", 1, 0xff, t, reps);
            run("7files-no-maps", 1, 0x7f, t, reps);
            run("task-stat", 2, 0, t, reps);
            run("fd-readdir", 32 | 4096, 0, t, reps);
            run("fd-readlink", 4, 0, t, reps);
            run("fd-stat", 16, 0, t, reps);
            run("fdinfo", 8, 0, t, reps);
            run("fd-readlink+fdinfo", 12, 0, t, reps);
            run("ALL(no smaps)", 1 | 2 | 4 | 8, 0xff, t, reps);
            run("ALL", 1 | 2 | 4 | 8, 0x1ff, t, reps);
        }
    if (!strcmp(m, "thr"))
        for (int q = 0; q < 3; q++) {
            int t = q ? 2 : 1;
            unsh = q == 2;
            run("8files", 1, 0xff, t, reps);
            run("7files", 1, 0x7f, t, reps);
            run("fd-readlink", 4, 0, t, reps);
            run("fdinfo", 8, 0, t, reps);
            run("ALL(no smaps)", 15, 0xff, t, reps);
        }
    if (!strcmp(m, "net")) {
        cat("/proc/net/tcp", 1 << 16, reps);
        cat("/proc/net/tcp", 1 << 20, reps);
        cat("/proc/net/unix", 1 << 20, reps);
        cat("/proc/net/arp", 1 << 16, reps);
        cat("/proc/net/nf_conntrack", 4096, reps);
        cat("/proc/net/nf_conntrack", 1 << 16, reps);
        cat("/proc/net/nf_conntrack", 1 << 20, reps);
        ctdump(1 << 13, reps);
        ctdump(1 << 15, reps);
        ctdump(1 << 18, reps);
        inetd(6, 1 << 15, reps);
        inetd(6, 1 << 18, reps);
        unixd(1 << 15, reps);
    }
    if (!strcmp(m, "ct")) {
        cat("/proc/net/nf_conntrack", 1 << 16, reps);
        cat("/proc/net/nf_conntrack", 1 << 20, reps);
        ctdump(1 << 15, reps);
        ctdump(1 << 18, reps);
    }
    if (!strcmp(m, "uring"))
        for (int r = 0; r < reps; r++) {
            uring("stat", 0, 64);
            uring("status", 0, 64);
            uring("cmdline", 0, 64);
            uring("stat", 0, 512);
            run("sync-stat", 1, 1, 1, 1);
            run("sync-status", 1, 2, 1, 1);
            run("sync-cmdline", 1, 4, 1, 1);
        }
    if (!strcmp(m, "fair"))
        for (int r = 0; r < reps; r++)
            for (int k = 0; k < 3; k++) {
                sync1(files[k]);
                uring(files[k], 0, 64);
            }
    if (!strcmp(m, "dump")) {
        outname = v[3];
        tarmode = atoi(v[4]);
        run(tarmode == 2 ? "tar(all members)"
            : tarmode    ? "tar(fds aggregated)"
                         : "packed",
            1 | 2 | 4 | 8, 0xff, 1, 1);
    }
    return 0;
}
