//! Which options of each program have a value, and which programs run others.

use super::arguments::Options;

pub(super) const NONE: Options = short("");
pub(super) const SSH: Options = short("BbcDEeFIiJLlmOoPpQRSWw");
pub(super) const AUTOSSH: Options = short("BbcDEeFIiJLlMmOoPpQRSWw");
pub(super) const SCP: Options = short("cDFiJlPoSX");
pub(super) const SFTP: Options = short("BbcDFiJlPoRSsX");
pub(super) const SSH_COPY_ID: Options = short("iptoF");
pub(super) const KEYSCAN: Options = short("fpTtO");
pub(super) const MOSH: Options = Options {
    short: "p",
    joined: "",
    long: "ssh port predict family client server bind-server",
};
pub(super) const RSYNC: Options = Options {
    short: "efBMT@",
    joined: "",
    long: "rsh exclude include exclude-from include-from files-from rsync-path bwlimit port password-file \
        log-file log-file-format backup-dir suffix chmod chown timeout contimeout filter partial-dir \
        link-dest compare-dest copy-dest max-size min-size temp-dir block-size out-format info debug \
        address sockopts compress-level usermap groupmap max-delete modify-window skip-compress iconv \
        protocol read-batch write-batch",
};
pub(super) const CURL: Options = Options {
    short: "AbcCdDeEFHKmoPQrtTuUwxXyYz",
    joined: "",
    long: "data data-ascii data-binary data-raw data-urlencode json url-query header output output-dir \
        request user user-agent cookie cookie-jar cacert capath cert cert-type key key-type pass \
        connect-timeout max-time retry retry-delay retry-max-time resolve connect-to proxy proxy-user \
        preproxy proxy-header referer form form-string upload-file write-out interface limit-rate range \
        config unix-socket dns-servers noproxy ciphers tls13-ciphers max-filesize max-redirs \
        speed-limit speed-time stderr trace trace-ascii socks4 socks4a socks5 socks5-hostname quote \
        time-cond local-port keepalive-time oauth2-bearer aws-sigv4 hsts proto proto-default \
        proto-redir tls-max continue-at url netrc-file abstract-unix-socket pinnedpubkey rate variable \
        ftp-port crlfile engine service-name doh-url expect100-timeout happy-eyeballs-timeout-ms",
};
pub(super) const WGET: Options = Options {
    short: "oaeiBtOTwQPUlARDIX",
    joined: "n",
    long: "output-document output-file append-output tries timeout wait quota directory-prefix user \
        password header user-agent post-data post-file method body-data body-file referer load-cookies \
        save-cookies ca-certificate certificate private-key level accept reject domains exclude-domains \
        limit-rate bind-address http-user http-password ftp-user ftp-password execute input-file base \
        cut-dirs dns-timeout connect-timeout read-timeout waitretry max-redirect include-directories \
        exclude-directories",
};
pub(super) const MYSQL: Options = Options {
    short: "hPuDeS",
    joined: "p#",
    long: "host port user database execute socket protocol defaults-file defaults-extra-file where \
        result-file ignore-table",
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
pub(super) const BY_URL: &str =
    "svn ab wrk hey aria2c lynx w3m http https xh mysqlsh amqp-publish docker podman skopeo";

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
    ("nsenter", "tSG", "target", 0),
];
