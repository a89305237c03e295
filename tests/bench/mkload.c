// mkload: makes the processes, descriptors, sockets, namespaces and conntrack entries of a load (see load.py), and ends them
// when it is terminated. Child mode: argv[0] arbitrary, env MKLOAD_CFG set.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long rs = 88172645463325252ULL;
static unsigned rnd(void) {
    rs ^= rs << 13;
    rs ^= rs >> 7;
    rs ^= rs << 17;
    return (unsigned)(rs >> 11);
}
static void *thr(void *a) {
    char n[16];
    snprintf(n, 16, "worker-%ld", (long)a);
    prctl(PR_SET_NAME, n);
    for (;;)
        pause();
    return 0;
}

static int child(const char *cfg) {
    int idx = 0, nf = 0, np = 0, ne = 0, nu = 0, nt = 0, th = 0, maps = 0, del = 0, nns = 0, rfd = -1,
        ppid = 0;
    char dir[256] = "/tmp";
    char ns[128] = "-";
    if (sscanf(cfg, "%d %d %d %d %d %d %d %d %d %d %d %d %127s %255s", &idx, &nf, &np, &ne, &nu, &nt, &th,
               &maps, &del, &nns, &rfd, &ppid, ns, dir) != 14) {
        return 3;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != ppid)
        return 1;
    rs += idx * 0x9E3779B97F4A7C15ULL;
    for (int i = 0; i < 5; i++)
        rnd();
    struct rlimit rl = {1048576, 1048576};
    setrlimit(RLIMIT_NOFILE, &rl);
    static const char *nm[] = {
        "nginx",           "postgres",        "java",     "python3",      "sshd",         "bash",
        "systemd-journal", "containerd-shim", "node",     "redis-server", "kworker/u8:1", "cron",
        "dbus-daemon",     "php-fpm",         "rsyslogd", "agetty"};
    // Some names are neither text nor what a parser expects; all are, where the directory's is none.
    prctl(PR_SET_NAME, idx % 97 == 96 || strchr(dir, '\xff') ? "\xff) R 1\n" : nm[idx % 16]);
    char p[512];
    if (strcmp(ns, "-")) {
        if (!strcmp(ns, "new")) {
            if (unshare(CLONE_NEWNET))
                perror("unshare");
        } else {
            snprintf(p, 512, "/run/netns/%s", ns);
            int f = open(p, O_RDONLY);
            if (f < 0 || setns(f, CLONE_NEWNET))
                perror("setns");
            close(f);
        }
        int s = socket(AF_INET, SOCK_DGRAM, 0);
        struct ifreq r;
        memset(&r, 0, sizeof r);
        strcpy(r.ifr_name, "lo");
        ioctl(s, SIOCGIFFLAGS, &r);
        r.ifr_flags |= IFF_UP;
        ioctl(s, SIOCSIFFLAGS, &r);
        close(s);
        for (int i = 0; i < nns; i++) {
            int t = socket(AF_INET, i % 4 == 3 ? SOCK_DGRAM : SOCK_STREAM, 0);
            struct sockaddr_in a = {.sin_family = AF_INET,
                                    .sin_port = htons(1024 + i),
                                    .sin_addr.s_addr = htonl(i % 2 ? INADDR_LOOPBACK : INADDR_ANY)};
            if (bind(t, (void *)&a, sizeof a))
                perror("bind ns");
            if (i % 4 != 3)
                listen(t, 16);
        }
    }
    for (int i = 0; i < nf; i++) {
        snprintf(p, 512, "%s/files/d%02u/app-%04u-data.log", dir, rnd() % 20, rnd() % 500);
        int f =
            open(p, (rnd() % 3 ? O_RDONLY : O_RDWR | O_APPEND) | O_CREAT | (rnd() % 2 ? O_CLOEXEC : 0), 0644);
        if (f < 0) {
            perror(p);
            break;
        }
        if (rnd() % 4 == 0)
            lseek(f, rnd() % 4096, SEEK_SET);
    }
    for (int i = 0; i < del; i++) {
        snprintf(p, 512, "%s/files/deleted-%d-%d", dir, idx, i);
        int f = open(p, O_RDWR | O_CREAT, 0600);
        if (f >= 0)
            unlink(p);
    }
    for (int i = 0; i + 1 < np; i += 2) {
        int pf[2];
        if (pipe2(pf, i & 2 ? O_CLOEXEC : 0)) {
            perror("pipe");
            break;
        }
    }
    int ep = -1;
    for (int i = 0; i < ne; i++) {
        if (i == 0 || ep < 0)
            ep = epoll_create1(O_CLOEXEC);
        else {
            int e = eventfd(0, EFD_NONBLOCK);
            struct epoll_event ev = {.events = EPOLLIN, .data.fd = e};
            if (i < 9)
                epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev);
        }
    }
    for (int i = 0; i + 1 < nu; i += 2) {
        int sv[2];
        if (i == 0 && idx % 10 == 0) {
            sv[0] = socket(AF_UNIX, SOCK_STREAM, 0);
            struct sockaddr_un u = {.sun_family = AF_UNIX};
            snprintf(u.sun_path + 1, 100, "mkload-%d", idx);
            bind(sv[0], (void *)&u, 3 + strlen(u.sun_path + 1));
            listen(sv[0], 8);
            sv[1] = dup(sv[0]);
        } else
            socketpair(AF_UNIX, i & 2 ? SOCK_STREAM : SOCK_DGRAM, 0, sv);
    }
    if (nt > 0) {
        int l = socket(AF_INET, SOCK_STREAM, 0);
        int one = 1;
        setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, 4);
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_port = htons(8000 + idx % 100),
                                .sin_addr.s_addr = htonl(0x7f010000u + idx)};
        if (bind(l, (void *)&a, sizeof a))
            perror("bind");
        listen(l, 4096);
        for (int i = 0; i + 1 < nt; i += 2) {
            int c = socket(AF_INET, SOCK_STREAM, 0);
            if (connect(c, (void *)&a, sizeof a)) {
                perror("connect");
                break;
            }
            int s = accept(l, 0, 0);
            if (s < 0) {
                perror("accept");
                break;
            }
        }
    }
    static const char *libs[] = {
        "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libc.so.6",
        "/usr/lib/x86_64-linux-gnu/libssl.so.3",    "/usr/lib/x86_64-linux-gnu/libm.so.6",
        "/usr/lib/x86_64-linux-gnu/libz.so.1",      "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0",
        "/usr/lib/x86_64-linux-gnu/libelf.so.1",    "/usr/lib/x86_64-linux-gnu/libncursesw.so.6"};
    int lf[8];
    for (int i = 0; i < 8; i++)
        lf[i] = open(libs[i], O_RDONLY);
    for (int i = 0; i < maps; i++) {
        int f = lf[(i / 4) % 8];
        int pr = i % 4 == 0   ? PROT_READ
                 : i % 4 == 1 ? PROT_READ | PROT_EXEC
                 : i % 4 == 2 ? PROT_READ
                              : PROT_READ | PROT_WRITE;
        volatile char *m;
        if (f < 0)
            m = mmap(0, 8192, pr, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        else
            m = mmap(0, 4096 * (1 + i % 5), pr, MAP_PRIVATE, f, (i % 4) * 4096);
        if (m != MAP_FAILED && i % 2 == 0)
            (void)*m;
    }
    for (int i = 0; i < 8; i++)
        if (lf[i] >= 0)
            close(lf[i]);
    {
        char *h = mmap(0, 256 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(h, idx, 16384 + (rnd() % 12) * 4096);
    }
    pthread_attr_t at;
    pthread_attr_init(&at);
    pthread_attr_setstacksize(&at, 65536);
    for (long i = 0; i < th; i++) {
        pthread_t t;
        if (pthread_create(&t, &at, thr, (void *)i)) {
            perror("thread");
            break;
        }
    }
    char b = 1;
    if (write(rfd, &b, 1) != 1)
        return 2;
    close(rfd);
    for (;;)
        pause();
}

/* ---- conntrack insert ---- */
struct nb {
    char b[1 << 16];
    int n;
};
static struct nlattr *at(struct nb *x, int t, const void *d, int l) {
    struct nlattr *a = (void *)(x->b + x->n);
    a->nla_type = t;
    a->nla_len = 4 + l;
    if (d)
        memcpy((char *)a + 4, d, l);
    x->n += (4 + l + 3) & ~3;
    return a;
}
static struct nlattr *nest(struct nb *x, int t) {
    struct nlattr *a = (void *)(x->b + x->n);
    a->nla_type = t | NLA_F_NESTED;
    x->n += 4;
    return a;
}
static void endn(struct nb *x, struct nlattr *a) { a->nla_len = x->b + x->n - (char *)a; }
static void tup(struct nb *x, int t, unsigned s, unsigned d, unsigned short sp, unsigned short dp,
                unsigned char pr) {
    struct nlattr *a = nest(x, t), *i = nest(x, CTA_TUPLE_IP);
    s = htonl(s);
    d = htonl(d);
    at(x, CTA_IP_V4_SRC, &s, 4);
    at(x, CTA_IP_V4_DST, &d, 4);
    endn(x, i);
    i = nest(x, CTA_TUPLE_PROTO);
    at(x, CTA_PROTO_NUM, &pr, 1);
    sp = htons(sp);
    dp = htons(dp);
    at(x, CTA_PROTO_SRC_PORT, &sp, 2);
    at(x, CTA_PROTO_DST_PORT, &dp, 2);
    endn(x, i);
    endn(x, a);
}
static long ctload(long n) {
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    struct sockaddr_nl sa = {.nl_family = AF_NETLINK};
    bind(fd, (void *)&sa, sizeof sa);
    int sz = 1 << 22;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sz, 4);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &sz, 4);
    static struct nb x;
    long err = 0;
    static char rb[1 << 16];
    for (long i = 0; i < n;) {
        x.n = 0;
        int k = 0;
        for (; i < n && k < 64; i++, k++) {
            struct nlmsghdr *h = (void *)(x.b + x.n);
            int st = x.n;
            memset(h, 0, 20);
            h->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW;
            h->nlmsg_flags =
                NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | (k == 63 || i == n - 1 ? NLM_F_ACK : 0);
            h->nlmsg_seq = i + 1;
            x.n += 16;
            struct nfgenmsg *g = (void *)(x.b + x.n);
            g->nfgen_family = AF_INET;
            g->version = 0;
            g->res_id = 0;
            x.n += 4;
            int udp = i % 5 == 4;
            unsigned s = 0x0a000000u + (i * 2654435761u) % 0xffffffu, d = 0xc0a80000u + (i % 65536);
            unsigned short sp = 1024 + rnd() % 60000, dp = udp ? 53 : (i % 3 ? 443 : 22);
            tup(&x, CTA_TUPLE_ORIG, s, d, sp, dp, udp ? 17 : 6);
            tup(&x, CTA_TUPLE_REPLY, d, s, dp, sp, udp ? 17 : 6);
            unsigned to = htonl(40000 + rnd() % 400000),
                     stt = htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED),
                     mk = htonl(rnd() % 4 ? 0 : rnd() % 1000);
            at(&x, CTA_TIMEOUT, &to, 4);
            at(&x, CTA_STATUS, &stt, 4);
            at(&x, CTA_MARK, &mk, 4);
            if (!udp) {
                struct nlattr *p = nest(&x, CTA_PROTOINFO), *t = nest(&x, CTA_PROTOINFO_TCP);
                unsigned char s3 = i % 11 == 0 ? TCP_CONNTRACK_TIME_WAIT : TCP_CONNTRACK_ESTABLISHED;
                at(&x, CTA_PROTOINFO_TCP_STATE, &s3, 1);
                endn(&x, t);
                endn(&x, p);
            }
            h->nlmsg_len = x.n - st;
        }
        struct sockaddr_nl to = {.nl_family = AF_NETLINK};
        if (sendto(fd, x.b, x.n, 0, (void *)&to, sizeof to) < 0) {
            perror("ct send");
            return -1;
        }
        for (int done = 0; !done;) {
            int r = recv(fd, rb, sizeof rb, 0);
            if (r < 0) {
                perror("ct recv");
                return -1;
            }
            for (struct nlmsghdr *h = (void *)rb; NLMSG_OK(h, (unsigned)r); h = NLMSG_NEXT(h, r))
                if (h->nlmsg_type == NLMSG_ERROR) {
                    struct nlmsgerr *e = NLMSG_DATA(h);
                    if (e->error) {
                        if (!err)
                            fprintf(stderr, "ct err %s\n", strerror(-e->error));
                        err++;
                    }
                    if (h->nlmsg_seq == (unsigned)i)
                        done = 1;
                }
        }
    }
    close(fd);
    return n - err;
}
/* Forgets all entries of this network namespace. */
static void ctflush(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    struct {
        struct nlmsghdr header;
        struct nfgenmsg message;
    } request = {{sizeof request, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
                 {AF_UNSPEC, 0, 0}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    char answer[4096];
    if (sendto(fd, &request, sizeof request, 0, (void *)&kernel, sizeof kernel) > 0)
        recv(fd, answer, sizeof answer, 0);
    close(fd);
}
static volatile int stop;
static void onterm(int s) { stop = 1; }
int main(int argc, char **argv) {
    char *cfg = getenv("MKLOAD_CFG");
    if (cfg)
        return child(cfg);
    long N = 2000, thp = 0, th = 0, F = 50000, hogs = 5, maps = 40, nns = 4, lis = 20, C = 0, arguments = 0;
    char *dir = "./load";
    char *ready = 0;
    double hogshare = 0.2;
    for (int i = 1; i + 1 < argc; i += 2) {
        char *k = argv[i], *v = argv[i + 1];
        if (!strcmp(k, "--procs"))
            N = atol(v);
        else if (!strcmp(k, "--threaded"))
            thp = atol(v);
        else if (!strcmp(k, "--threads"))
            th = atol(v);
        else if (!strcmp(k, "--fds"))
            F = atol(v);
        else if (!strcmp(k, "--hogs"))
            hogs = atol(v);
        else if (!strcmp(k, "--hog-share"))
            hogshare = atof(v);
        else if (!strcmp(k, "--maps"))
            maps = atol(v);
        else if (!strcmp(k, "--netns"))
            nns = atol(v);
        else if (!strcmp(k, "--listeners"))
            lis = atol(v);
        else if (!strcmp(k, "--conntrack"))
            C = atol(v);
        else if (!strcmp(k, "--arguments"))
            arguments = atol(v);
        else if (!strcmp(k, "--dir"))
            dir = v;
        else if (!strcmp(k, "--ready"))
            ready = v;
        else {
            fprintf(stderr, "? %s\n", k);
            return 2;
        }
    }
    signal(SIGTERM, onterm);
    signal(SIGINT, onterm);
    signal(SIGHUP, onterm);
    struct rlimit rl = {1048576, 1048576};
    setrlimit(RLIMIT_NOFILE, &rl);
    int rp[2];
    if (pipe(rp))
        return 1;
    fcntl(rp[0], F_SETFD, FD_CLOEXEC);
    pid_t *pids = calloc(N + nns + 1, sizeof *pids);
    long started = 0;
    char self[512];
    self[readlink("/proc/self/exe", self, 511)] = 0;
    int me = getpid();
    if (hogs > N)
        hogs = N;
    long fh = hogs ? F * hogshare / hogs : 0, fn = (F - fh * hogs) / (N - hogs > 0 ? N - hogs : 1);
    static const char *a0[] = {"nginx: worker process",
                               "postgres: app db 192.0.2.1(1234) idle",
                               "/usr/lib/jvm/bin/java",
                               "/usr/bin/python3",
                               "sshd: alice@pts/0",
                               "-bash",
                               "/lib/systemd/systemd-journald",
                               "/usr/bin/containerd-shim-runc-v2",
                               "node",
                               "redis-server *:6379",
                               "[kworker/u8:1]",
                               "/usr/sbin/cron",
                               "dbus-daemon",
                               "php-fpm: pool www",
                               "/usr/sbin/rsyslogd",
                               "/sbin/agetty"};
    int nul = open("/dev/null", O_RDWR);
    // One long argument that is no UTF-8, with a newline.
    char *argument = arguments ? malloc(arguments + 1) : 0;
    if (argument) {
        memset(argument, 0xe4, arguments);
        argument[arguments / 2] = '\n';
        argument[arguments] = 0;
    }
    for (long i = 0; i < N + nns && !stop; i++) {
        int isns = i >= N;
        long f = isns ? 8 : i < hogs ? fh : fn;
        int nt = f * 15 / 100 & ~1, nu = f * 15 / 100 & ~1, np = f * 20 / 100 & ~1, ne = f * 10 / 100,
            nf = f - nt - nu - np - ne;
        pid_t p = vfork();
        if (p == 0) {
            static char c[1024];
            char ns[64] = "-";
            if (isns) {
                if ((i - N) % 2)
                    strcpy(ns, "new");
                else
                    snprintf(ns, 64, "mkload%ld", i - N);
            }
            snprintf(c, 1024, "MKLOAD_CFG=%ld %d %d %d %d %d %d %ld %d %ld %d %d %s %s", i, nf, np, ne, nu,
                     nt, (int)(i < thp ? th : 0), maps, (int)(i % 50 == 0 ? 2 : 0), isns ? lis : 0, rp[1], me,
                     ns, dir);
            char *av[64], *ev[256];
            int a = 0, e = 0;
            static char buf[65536];
            int b = 0;
            av[a++] = (char *)a0[i % 16];
            int na = i % 7;
            if (i % 16 == 2)
                na = 30;
            for (int k = 0; k < na; k++) {
                av[a++] = buf + b;
                b += 1 + snprintf(buf + b, 200, "--option-%d=/var/lib/app%ld/some/path/value-%u", k, i % 97,
                                  rnd() % 100000);
            }
            if (argument)
                av[a++] = argument;
            av[a] = 0;
            ev[e++] = c;
            ev[e++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
            ev[e++] = "LANG=C.UTF-8";
            int nv = 4 + i % 30;
            if (i % 100 == 0) {
                nv = 200;
                ev[e++] = "LD_PRELOAD=";
            }
            for (int k = 0; k < nv; k++) {
                ev[e++] = buf + b;
                b += 1 + snprintf(buf + b, 200, "APP_SETTING_%d=value-%u-for-process-%ld-%s", k, rnd(), i,
                                  k % 5 ? "" : "/srv/data/releases/20260101/current/lib/python3");
            }
            ev[e] = 0;
            dup2(nul, 0);
            dup2(nul, 1);
            execve(self, av, ev);
            _exit(127);
        }
        if (p < 0) {
            perror("fork");
            break;
        }
        pids[started++] = p;
    }
    close(rp[1]);
    long r = 0;
    char b[4096];
    ssize_t k;
    while (r < started && !stop && (k = read(rp[0], b, sizeof b)) > 0)
        r += k;
    long ct = C ? ctload(C) : 0;
    fprintf(stderr, "mkload: ready procs=%ld/%ld conntrack=%ld\n", r, started, ct);
    if (ready) {
        FILE *o = fopen(ready, "w");
        fprintf(o,
                "{\"pid\":%d,\"procs\":%ld,\"threads_extra\":%ld,\"fds_asked\":%ld,\"conntrack\":%ld,"
                "\"netns\":%ld}\n",
                me, r, thp * th, F, ct, nns);
        fclose(o);
    }
    while (!stop)
        pause();
    for (long i = 0; i < started; i++)
        kill(pids[i], SIGKILL);
    for (long i = 0; i < started; i++)
        waitpid(pids[i], 0, 0);
    if (C)
        ctflush();
    return 0;
}
