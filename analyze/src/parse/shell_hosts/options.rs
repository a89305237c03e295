//! Which options of each program have a value, and which programs run others.

use super::arguments::Options;

pub(super) const NONE: Options = short("");
pub(super) const SSH: Options = short("BbcDEeFIiJLlmOoPpQRSWw");
pub(super) const AUTOSSH: Options = short("BbcDEeFIiJLlMmOoPpQRSWw");
pub(super) const SCP: Options = short("cDFiJlPoSX");
pub(super) const SFTP: Options = short("BbcDFiJlPoRSsX");
pub(super) const SSH_COPY_ID: Options = short("iptoF");
pub(super) const KEYSCAN: Options = short("fpTtO");
pub(super) const SSHFS: Options = short("oFp");
pub(super) const PSSH: Options = Options {
    short: "HhlpoetOxXg",
    joined: "",
    long: "host hosts user par outdir errdir timeout option extra-args extra-arg",
};
pub(super) const MOSH: Options = Options {
    short: "p",
    joined: "",
    long: "ssh port predict family client server bind-server",
};
pub(super) const RSYNC: Options = Options {
    short: "efBMT@",
    joined: "",
    long: "rsh exclude include exclude-from include-from files-from rsync-path bwlimit port password-file \
        log-file log-file-format log-format backup-dir suffix chmod chown copy-as timeout contimeout stop-at \
        stop-after time-limit filter partial-dir link-dest compare-dest copy-dest max-size min-size \
        max-alloc temp-dir block-size out-format outbuf info debug stderr address sockopts checksum-choice \
        cc checksum-seed compress-choice zc compress-level zl compress-threads zt usermap groupmap \
        max-delete modify-window skip-compress iconv protocol read-batch write-batch only-write-batch \
        early-input remote-option config dparam",
};
pub(super) const CURL: Options = Options {
    short: "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    joined: "",
    long: "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout \
        connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary \
        data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url \
        dump-header ech egd-file engine etag-compare etag-save expect100-timeout form form-string \
        ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms \
        haproxy-clientip header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json \
        keepalive-cnt keepalive-time key key-type knownhosts krb krb4 libcurl limit-rate local-port \
        login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time netrc-file noproxy \
        oauth2-bearer output output-dir parallel-max parallel-max-host pass pinnedpubkey postquote prequote \
        preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type \
        proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey \
        proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user \
        proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry \
        retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5 \
        socks5-gssapi-service socks5-hostname speed-limit speed-time ssl-sessions stderr telnet-option \
        tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii \
        trace-config unix-socket upload-file upload-flags url url-query user user-agent variable \
        vlan-priority write-out",
};
pub(super) const WGET: Options = Options {
    short: "oaeiBtOTwQPUlARDIX",
    joined: "n",
    long: "accept accept-regex append-output base bind-address bind-dns-address body-data body-file \
        ca-certificate ca-directory certificate certificate-type ciphers compression config connect-timeout \
        crl-file cut-dirs default-page directory-prefix dns-servers dns-timeout domains egd-file \
        exclude-directories exclude-domains execute follow-tags ftp-password ftp-user header hsts-file \
        http-passwd http-password http-user ignore-tags include-directories input-file input-metalink level \
        limit-rate load-cookies local-encoding max-redirect metalink-index method output-document \
        output-file password pinnedpubkey post-data post-file prefer-family preferred-location private-key \
        private-key-type progress proxy-passwd proxy-password proxy-user quota random-file read-timeout \
        referer regex-type reject reject-regex rejected-log remote-encoding report-speed restrict-file-names \
        retry-on-http-error save-cookies secure-protocol start-pos timeout tries use-askpass user user-agent \
        wait waitretry warc-dedup warc-file warc-header warc-max-size warc-tempdir",
};
pub(super) const MYSQL: Options = Options {
    short: "hPuDeS",
    joined: "p#",
    long: "host port user database execute socket protocol defaults-file defaults-extra-file where \
        result-file ignore-table uri",
};
pub(super) const PSQL: Options = Options {
    short: "hpUdcfFoPRTvL",
    joined: "",
    long: POSTGRES_LONG,
};
pub(super) const PG_DUMP: Options = Options {
    short: "hpUdfFjnNtTESZD",
    joined: "",
    long: POSTGRES_LONG,
};
pub(super) const POSTGRES_LONG: &str = "host port username dbname command file format output set variable table schema exclude-table \
        exclude-schema jobs role pset pgdata log-file";
pub(super) const KUBECTL: Options = Options {
    short: "sfnlcoL",
    joined: "",
    long: "server filename namespace context cluster user kubeconfig token selector output container as \
        as-group request-timeout certificate-authority client-key client-certificate tls-server-name \
        kube-apiserver kube-context values set version repo username password field-selector template \
        tail since image type patch",
};
/// Of `oc login`, where the letters are not those of other commands.
pub(super) const OC_LOGIN: Options = Options {
    short: "upsn",
    ..KUBECTL
};
pub(super) const REDIS: Options = Options {
    short: "hpasnuirdDtX",
    joined: "",
    long: "user pass cacert cert key sni pattern host port",
};
pub(super) const MONGO: Options = Options {
    short: "upf",
    joined: "",
    long: MONGO_LONG,
};
/// Of the tools, where `-h` is the host and not for help.
pub(super) const MONGO_TOOLS: Options = Options {
    short: "hupdcofq",
    joined: "",
    long: MONGO_LONG,
};
pub(super) const MONGO_LONG: &str = "host port username password uri authenticationDatabase authenticationMechanism db collection \
        out eval file query tlsCAFile tlsCertificateKeyFile sslCAFile sslPEMKeyFile archive nsInclude \
        type fields numParallelCollections";
/// Of `docker` and `docker compose`, before the name of a command.
pub(super) const DOCKER: Options = Options {
    short: "Hclfp",
    joined: "",
    long: "host context config log-level tlscacert tlscert tlskey file profile project-name \
        project-directory env-file ansi parallel progress connection identity url namespace address",
};
pub(super) const DOCKER_EXEC: Options = Options {
    short: "euw",
    joined: "",
    long: "env user workdir env-file detach-keys index",
};
pub(super) const DOCKER_RUN: Options = Options {
    short: "acehlmpuvw",
    joined: "",
    long: "add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add cap-drop \
        cgroup-parent cgroupns cidfile cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period \
        cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach-keys device device-cgroup-rule \
        device-read-bps device-read-iops device-write-bps device-write-iops dns dns-option dns-search \
        domainname entrypoint env env-file env-from-file expose gpus group-add health-cmd health-interval \
        health-retries health-start-interval health-start-period health-timeout hostname ip ip6 ipc \
        isolation kernel-memory label label-file link link-local-ip log-driver log-opt mac-address memory \
        memory-reservation memory-swap memory-swappiness mount name network net network-alias oom-score-adj \
        os pid pids-limit platform pod publish pull restart runtime secret security-opt shm-size stop-signal \
        stop-timeout storage-opt sysctl tmpfs tz ulimit umask user userns uts volume volume-driver \
        volumes-from workdir",
};
pub(super) const CONTAINER_EXEC: Options = Options {
    short: "e",
    joined: "",
    long: "env user group cwd mode timeout",
};
pub(super) const PARALLEL: Options = Options {
    short: "jaIPnNLsSdCE",
    joined: "",
    long: "jobs arg-file sshlogin sshloginfile delay timeout retries joblog results colsep delimiter \
        workdir wd tmpdir max-args max-procs load halt basefile return transferfile tag-string",
};
pub(super) const LDAP: Options = short("HhpDwybsaeEFflzoOPRUXYTS");
pub(super) const LFTP: Options = short("uepfc");
pub(super) const NETCAT: Options = short("eGgIiMmoOpPqsTVwWxX");

pub(super) const fn short(letters: &'static str) -> Options {
    Options {
        short: letters,
        joined: "",
        long: "",
    }
}

/// Which operands of a program are hosts.
#[derive(Clone, Copy)]
pub(super) enum Operands {
    /// The first one, and the second is its port where it is a number.
    First,
    Last,
    All,
}

/// Programs that take hosts as operands and have nothing else of their own.
pub(super) const PLAIN: &[(&str, Options, Operands)] = &[
    ("telnet", short("elnSXbk"), Operands::First),
    ("ftp tftp", short("NPpqrsTl"), Operands::First),
    (
        "ping ping4 ping6 arping",
        short("cFIilmMNpQsSTtWwe"),
        Operands::Last,
    ),
    ("fping", short("bBcCHiIlOpQrRStTx"), Operands::All),
    (
        "traceroute traceroute6 tcptraceroute",
        short("fgimNpqsSwz"),
        Operands::First,
    ),
    ("tracepath tracepath6", short("mpl"), Operands::First),
    ("mtr", short("cifmsaBQPLZGFo"), Operands::First),
    ("ssh-keyscan", KEYSCAN, Operands::All),
];

/// Programs that name other hosts only by URLs.
pub(super) const BY_URL: &str = "svn ab wrk hey aria2c lynx w3m http https xh amqp-publish skopeo";

/// Programs that run another one: letters with a value, long options with one, and operands before the program.
pub(super) const WRAPPERS: &[(&str, &str, &str, usize)] = &[
    (
        "sudo doas",
        "ugphCrtUDRT",
        "user group prompt host chdir chroot role type",
        0,
    ),
    ("env", "uC", "unset chdir", 0),
    ("time", "fo", "format output", 0),
    (
        "nohup command builtin setsid unbuffer noglob nocorrect torsocks torify chronic",
        "",
        "",
        0,
    ),
    ("exec", "a", "", 0),
    ("nice", "n", "adjustment", 0),
    ("ionice", "cnpP", "class classdata", 0),
    ("timeout", "ks", "kill-after signal", 1),
    ("strace ltrace", "oepsuaIOPSXbE", "", 0),
    ("stdbuf", "ioe", "input output error", 0),
    (
        "xargs",
        "aEIdLnPs",
        "max-procs max-args max-lines delimiter arg-file",
        0,
    ),
    ("proxychains proxychains4", "f", "", 0),
    ("sshpass", "pfdP", "", 0),
    ("flock", "wE", "timeout wait", 1),
    ("screen", "cehpsStTX", "", 0),
    ("ssh-agent", "aEOPt", "", 0),
    ("nsenter", "tSG", "target", 0),
];
