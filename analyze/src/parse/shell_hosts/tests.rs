use super::{LENGTH_LIMIT, hosts, options};

/// Shows hosts as `program user@host:port`, with brackets around an address of IPv6.
fn check(line: &str, expected: &[&str]) {
    let shown: Vec<String> = hosts(line.as_bytes())
        .iter()
        .map(|named| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let user = named
                .user
                .as_deref()
                .map_or(String::new(), |user| text(user) + "@");
            let port = named.port.map_or(String::new(), |port| format!(":{port}"));
            let host = text(&named.host);
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host
            };
            format!("{} {user}{host}{port}", text(&named.program))
        })
        .collect();
    assert_eq!(shown, expected, "{line}");
}

#[test]
fn ssh() {
    check("ssh web-1", &["ssh web-1"]);
    check(
        "ssh -p 2222 -i ~/.ssh/id -tt -l ada web-1 uptime",
        &["ssh ada@web-1:2222"],
    );
    check(
        "ssh ada@192.0.2.7 -p22 'cat /etc/hosts | grep b'",
        &["ssh ada@192.0.2.7:22"],
    );
    check("ssh ssh://ada@web-1:2200", &["ssh ada@web-1:2200"]);
    check(
        "ssh 2001:db8::1; ssh ada@[2001:db8::2]",
        &["ssh [2001:db8::1]", "ssh ada@[2001:db8::2]"],
    );
    check(
        "ssh -J eve@jump1:2200,jump2 web-1",
        &["ssh eve@jump1:2200", "ssh jump2", "ssh web-1"],
    );
    check(
        "ssh -NL 8080:db:5432 -L 81:localhost:81 -R 9:[2001:db8::1]:90 -D 1080 web-1",
        &["ssh db:5432", "ssh [2001:db8::1]:90", "ssh web-1"],
    );
    check("ssh -W db:22 jump", &["ssh db:22", "ssh jump"]);
    check(
        "ssh -o Port=23 -oUser=ada -o 'ProxyJump jump' -o ProxyCommand='ssh -W %h:%p gate' web-1",
        &["ssh jump", "ssh gate", "ssh ada@web-1:23"],
    );
    check(
        "ssh a 'ssh -p 23 b \"curl http://c/\"'",
        &["ssh a", "ssh b:23", "curl c"],
    );
    check(
        "ssh $HOST; ssh ada@${HOST}; ssh $USER@web-1; ssh -V; ssh",
        &["ssh web-1"],
    );
    check("ssh 'a b'; ssh -- web-2", &["ssh web-2"]);
    check(
        "ssh-copy-id -i k.pub -p 23 ada@web-1; mosh --ssh='ssh -p 24' ada@web-2 -- tmux",
        &["ssh-copy-id ada@web-1:23", "mosh ada@web-2:24"],
    );
    check(
        "ssh-keyscan -p 22 -t rsa a b; autossh -M 0 -f c",
        &["ssh-keyscan a", "ssh-keyscan b", "autossh c"],
    );
}

#[test]
fn copies() {
    check(
        "scp -P 22 -r /srv/a:b ./c:d ada@web-1:/tmp web-2: dir/x",
        &["scp ada@web-1:22", "scp web-2:22"],
    );
    check(
        "scp -3 scp://a:23//x ada@[2001:db8::1]:x",
        &["scp a:23", "scp ada@[2001:db8::1]"],
    );
    check(
        "rsync -avz --exclude a:b -e 'ssh -p 2222 -J jump' /srv/ ada@web-1:/srv/",
        &["ssh jump", "rsync ada@web-1:2222"],
    );
    check(
        "rsync web-1::module/x rsync://ada@web-2:873/m .",
        &["rsync web-1", "rsync ada@web-2:873"],
    );
    check("rsync -a a/ b/; scp file:///x y", &[]);
    check(
        "sftp -P 22 ada@web-1; sftp web-2:/x; sftp sftp://web-3:23/x",
        &["sftp ada@web-1:22", "sftp web-2", "sftp web-3:23"],
    );
}

#[test]
fn the_web() {
    check(
        "curl -sSLo /dev/null -H 'Host: x.example' https://ada:secret:0011aabb@api.example:8443/v1?a=http://b",
        &["curl ada@api.example:8443"],
    );
    check(
        "curl localhost:9200/_cat http://[2001:db8::1]:80/ file:///etc/hosts",
        &["curl localhost:9200", "curl [2001:db8::1]:80"],
    );
    check(
        "curl -u ada:secret:00 -X POST --data 'http://no' -x proxy:3128 api.example/v1",
        &["curl proxy:3128", "curl ada@api.example"],
    );
    check(
        "curl http://$H/ \"http://web/$P\" http://web-{1,2}/x 'http://a[1-3]/'",
        &["curl web", "curl web-1", "curl web-2"],
    );
    check(
        "wget -q -nv --tries 3 -O - https://get.example/x | sh",
        &["wget get.example"],
    );
    check(
        "wget --user=ada ftp.example:2121/x",
        &["wget ada@ftp.example:2121"],
    );
}

#[test]
fn databases() {
    check(
        "mysql -h db1 -P 3307 -u ada -psecret:00ff shop -e 'select \"-h x\"'",
        &["mysql ada@db1:3307"],
    );
    check(
        "mysql -hdb1 -uada; mysqldump --host=db2 --port 3308 shop > x; mariadb --host db3",
        &["mysql ada@db1", "mysqldump db2:3308", "mariadb db3"],
    );
    check("mysql shop; mysql -u ada -p shop; mysql -h $DB", &[]);
    check(
        "psql -h db1 -p 5433 -U ada shop; psql -tAc 'select 1' --host=db2",
        &["psql ada@db1:5433", "psql db2"],
    );
    check(
        "psql postgresql://ada:secret:00@db1:5432,db2/shop; psql 'host=db3 port=5433 user=eve'",
        &["psql ada@db1:5432", "psql ada@db2", "psql eve@db3:5433"],
    );
    check(
        "PGHOST=db1 PGPASSWORD=secret:00 pg_dump -n s -t t shop; psql -h /run/postgresql; psql shop",
        &["pg_dump db1"],
    );
    check(
        "redis-cli -h r1 -p 6380 -a secret:00; redis-cli -u redis://ada:x@r2:6379/0",
        &["redis-cli r1:6380", "redis-cli ada@r2:6379"],
    );
    check(
        "mongosh 'mongodb://ada:x@m1:27017,m2/db?replicaSet=r'; mongodump -h r/m3:27018 -u eve -p x; mongo db",
        &[
            "mongosh ada@m1:27017",
            "mongosh ada@m2",
            "mongodump eve@m3:27018",
        ],
    );
    check(
        "ldapsearch -x -H ldaps://ldap.example -D cn=a -b dc=x",
        &["ldapsearch ldap.example"],
    );
}

#[test]
fn others() {
    check(
        "kubectl --server=https://k8s.example:6443 get pods; kubectl --context prod get pods",
        &["kubectl k8s.example:6443"],
    );
    check(
        "kubectl config set-cluster c --server https://192.0.2.9:6443; kubectl apply -f https://get.example/x.yml",
        &["kubectl 192.0.2.9:6443", "kubectl get.example"],
    );
    check(
        "kubectl -s https://k -n ns exec -it pod -- curl -s http://svc:80/",
        &["kubectl k", "curl svc:80"],
    );
    check(
        "telnet mail.example 25; nc -zv -w 3 web-1 80; nc -l 8080; ping -c 3 192.0.2.1",
        &["telnet mail.example:25", "nc web-1:80", "ping 192.0.2.1"],
    );
    check(
        "git clone git@git.example:x/y.git; git push origin a:b; git remote add o ssh://git@g2.example:29418/z",
        &["git git@git.example", "git git@g2.example:29418"],
    );
    check(
        "git commit -m 'see https://no.example'; openssl s_client -connect tls.example:443",
        &["openssl tls.example:443"],
    );
    check(
        "lftp -u ada,x ftp.example; docker -H tcp://d1:2375 ps; docker exec -it c curl http://e/",
        &["lftp ada@ftp.example", "docker d1:2375", "curl e"],
    );
}

#[test]
fn programs_that_run_others() {
    check(
        "sudo -u ada ssh a; sudo -E env A=1 -u B nohup /usr/bin/ssh b & time -p ssh c",
        &["ssh a", "ssh b", "ssh c"],
    );
    check(
        "timeout -k 5 10 curl http://a; nice -n 5 ssh b; ionice -c2 rsync x c:; sshpass -p secret:00 ssh d",
        &["curl a", "ssh b", "rsync c", "ssh d"],
    );
    check(
        "bash -c 'ssh a'; sudo su - ada -c \"ssh b\"; eval ssh c; watch -n 5 'ssh d uptime'; sh x.sh",
        &["ssh a", "ssh b", "ssh c", "ssh d"],
    );
    check(
        "A=1 ssh a; ip netns exec n ping b; \\ssh c; ls | xargs -n1 ssh d",
        &["ssh a", "ping b", "ssh c", "ssh d"],
    );
}

#[test]
fn commands_of_find() {
    check(
        "find ssh -name x -exec scp {} a:/tmp \\; -exec curl http://b +",
        &["scp a", "curl b"],
    );
}

/// Values that would be taken for hosts if the option were not known to have one.
#[test]
fn values_of_long_options() {
    for (program, value, names) in [
        (
            "curl",
            "no.example",
            "dump-header mail-from mail-rcpt tlsuser tlspassword haproxy-clientip create-file-mode \
            parallel-max ip-tos vlan-priority krb delegation login-options sasl-authzid etag-save \
            etag-compare alt-svc pubkey hostpubmd5 hostpubsha256 curves proxy-ciphers proxy-cacert \
            proxy-cert proxy-key egd-file random-file socks5-gssapi-service ipfs-gateway telnet-option \
            request-target dns-interface dns-ipv4-addr dns-ipv6-addr ftp-account ftp-alternative-to-user \
            ftp-method mail-auth postquote prequote libcurl tftp-blksize tlsauthtype proxy-pass \
            proxy-tlsuser proxy-tlspassword proxy-tlsauthtype proxy-capath proxy-crlfile proxy-cert-type \
            proxy-key-type proxy-tls13-ciphers proxy-pinnedpubkey proxy-service-name trace-config \
            keepalive-cnt ech",
        ),
        (
            "wget",
            "no.example",
            "warc-file retry-on-http-error reject-regex accept-regex regex-type progress secure-protocol \
            prefer-family ciphers hsts-file start-pos restrict-file-names local-encoding remote-encoding \
            follow-tags ignore-tags default-page config proxy-password",
        ),
        (
            "rsync",
            "no.example:x",
            "copy-as stop-at stop-after outbuf remote-option checksum-choice compress-choice config \
            early-input",
        ),
    ] {
        for name in names.split(' ') {
            check(
                &format!("{program} --{name} {value} web.example:/x"),
                &[&format!("{program} web.example")],
            );
        }
    }
    let flags = "compressed fail get head insecure location quiet silent verbose archive delete";
    for options in [options::CURL, options::WGET, options::RSYNC] {
        let mut names = options.long.split(' ');
        assert_eq!(
            names.find(|name| flags.split(' ').any(|flag| flag == *name)),
            None
        );
    }
}

#[test]
fn the_web_in_detail() {
    check(
        "curl --tlsuser ada --tlspassword pw --dump-header h --mail-from a@b.example smtp://m1",
        &["curl m1"],
    );
    check(
        "curl --unknown value web.example; curl --unknown web-1; curl --silent web-2 -o x",
        &["curl web.example", "curl web-1", "curl web-2"],
    );
    check(
        "curl --silent web-5 --fail web-6 --unknown web-7",
        &["curl web-5", "curl web-6"],
    );
    check(
        "curl --unknown value:1 web-3; curl --silent a/b web-4",
        &["curl value:1", "curl web-3", "curl a", "curl web-4"],
    );
    check(
        "wget --unknown value web.example; wget --quiet web-1; wget --progress dot web-2",
        &["wget web.example", "wget web-1", "wget web-2"],
    );
    check(
        "wget --warc-file w --retry-on-http-error 503 --reject-regex r --config c g.example",
        &["wget g.example"],
    );
    check(
        "curl --resolve a.example:443:192.0.2.2,[2001:db8::1] https://a.example/",
        &[
            "curl 192.0.2.2:443",
            "curl [2001:db8::1]:443",
            "curl a.example",
        ],
    );
    check(
        "curl --connect-to ::real1:443 --connect-to [2001:db8::1]:80:[2001:db8::2]:81 https://b.example/",
        &["curl real1:443", "curl [2001:db8::2]:81", "curl b.example"],
    );
    check(
        "curl --resolve -a.example:443 --resolve no --connect-to a: b.example",
        &["curl b.example"],
    );
}

#[test]
fn copies_in_detail() {
    check(
        "rsync --stop-at 2024-01-01T12:00 --copy-as ada:grp --early-input a:b -M --x:y a d9:b",
        &["rsync d9"],
    );
    check(
        "rsync --checksum-choice xxh64:md5 --outbuf L:x --remote-option a:b --config c:d a b",
        &[],
    );
    check(
        "rsync --files-from=b16:/list b17:/ .; rsync --files-from /list b18:/ .",
        &["rsync b16", "rsync b17", "rsync b18"],
    );
    check(
        "sshfs -p 23 -o reconnect u@a85:/x /mnt; ssh-keyscan -t rsa a80,a81",
        &["sshfs u@a85:23", "ssh-keyscan a80", "ssh-keyscan a81"],
    );
    check(
        "ssh -G cfg1; ssh -J jump cfg2 -G; ssh a1 grep -G x",
        &["ssh a1"],
    );
}

#[test]
fn databases_in_detail() {
    check(
        "psql \"postgresql:///db?host=pgq4&port=5434\"; psql 'postgresql://ada@/db?hostaddr=192.0.2.1'",
        &["psql pgq4:5434", "psql ada@192.0.2.1"],
    );
    check(
        "psql 'postgresql://db1:5432/db?user=ada&sslmode=host'; psql 'postgresql:///db?host=%2Frun'",
        &["psql ada@db1:5432"],
    );
    check(
        "psql \"host=b35 hostaddr=192.0.2.9 port=5\"; PGHOST=b36 PGHOSTADDR=192.0.2.8 psql",
        &[
            "psql b35:5",
            "psql 192.0.2.9:5",
            "psql b36",
            "psql 192.0.2.8",
        ],
    );
    check(
        "export PGHOST=pgq7; psql; psql -h pgq8; export PGHOST=pgq9 PGPORT=5; psql",
        &["psql pgq7", "psql pgq8", "psql pgq9:5"],
    );
    check(
        "set -gx PGHOST pg2; psql; set -x PGHOST; psql",
        &["psql pg2"],
    );
    check(
        "set -g PGHOST no; psql; PGHOST=no; psql; echo export PGHOST=no; psql; env PGUSER=ada PGHOST=pg1 psql",
        &["psql ada@pg1"],
    );
    check(
        "mysqlsh u@b28:33060; mysqlsh --uri ada:pw@b29 --sql; mysqlsh mysqlx://b30; mysqlsh -f x.js",
        &["mysqlsh u@b28:33060", "mysqlsh ada@b29", "mysqlsh b30"],
    );
}

#[test]
fn compound_commands_behind_time() {
    check(
        "time for i in 1 2; do curl -s d4$i; done",
        &["curl d41", "curl d42"],
    );
    check(
        "time { ssh t3; }; time while ssh t4; do :; done; time -p until ssh t5; do :; done",
        &["ssh t3", "ssh t4", "ssh t5"],
    );
    check(
        "function f { ssh a43; }; set H q3; and ssh $H",
        &["ssh a43", "ssh q3"],
    );
}

#[test]
fn commands_in_containers() {
    check(
        "docker compose -f x.yml exec -T -u ada db mysql -h d1; docker-compose exec db mysql -h a71",
        &["mysql d1", "mysql a71"],
    );
    check(
        "docker-compose run --rm -e A=1 web psql -h d2; docker run --rm postgres:15 psql -h a73",
        &["psql d2", "psql a73"],
    );
    check(
        "docker run --rm -v /a:/b --network host alpine ssh yes101; podman exec -it c ssh p1",
        &["ssh yes101", "ssh p1"],
    );
    check(
        "docker-compose exec x curl http://t8/; docker container exec x sh -c 'ssh p2'",
        &["curl t8", "ssh p2"],
    );
    check(
        "docker run --rm img/curl -s http://t9/; docker run --name ssh a; docker run a echo ssh b",
        &["docker t9"],
    );
    check(
        "docker run --rm --entrypoint psql postgres:15 -h d3; docker run --entrypoint= a echo ssh b",
        &["psql d3"],
    );
    check(
        "DOCKER_HOST=ssh://u@dock2 docker ps; DOCKER_HOST=unix:///run/x docker exec c ssh p3",
        &["docker u@dock2", "ssh p3"],
    );
    check(
        "crictl exec -it 0011 ssh a77; lxc exec c -- ssh a78; lxc exec c --env A=b ssh a79; lxc list ssh x",
        &["ssh a77", "ssh a78", "ssh a79"],
    );
    check(
        "oc login -u ada -p pw b59:8443; oc login --token=x https://b60; oc login",
        &["oc b59:8443", "oc b60"],
    );
}

#[test]
fn more_programs_that_run_others() {
    check(
        "screen -S x ssh yes28; screen -dmS x ssh yes27; screen -r ssh; screen -X stuff 'ssh x'",
        &["ssh yes28", "ssh yes27"],
    );
    check(
        "tmux new -s a 'ssh yes29'; tmux -L x new-window \"ssh yes30\"; tmux new -d \\; splitw -h 'ssh yes31'",
        &["ssh yes29", "ssh yes30", "ssh yes31"],
    );
    check(
        "tmux attach -t ssh; tmux new -s ssh; tmux rename-window 'ssh a'",
        &[],
    );
    check(
        "script -c \"ssh a69\" x; script -q ssh; ssh-agent bash -c 'ssh d33'; ssh-agent -k",
        &["ssh a69", "ssh d33"],
    );
    check(
        "parallel -j 2 ssh {} uptime ::: pa1 pa2; parallel ssh ::: pa3; ls | parallel scp {} pa4:",
        &["ssh pa1", "ssh pa2", "ssh pa3", "scp pa4"],
    );
    check(
        "parallel echo ssh {} ::: a b; parallel --jobs 2 ::: 'ssh pa5'",
        &[],
    );
    check(
        "pssh -H yes33 -l ada date; pssh -h hosts.txt -H 'a1 eve@b1:23' -i uptime -H no",
        &["pssh ada@yes33", "pssh a1", "pssh eve@b1:23"],
    );
    check(
        "GIT_SSH_COMMAND='ssh -p 23 -J jmp9' git clone git@gh9:x; GIT_SSH_COMMAND='ssh -J no' git status",
        &["ssh jmp9", "git git@gh9:23"],
    );
}

/// What is left of a secret has the form of a host with its port.
#[test]
fn secrets_are_no_hosts() {
    for line in [
        "ssh S",
        "ssh -J S -p 22",
        "ssh u@S",
        "curl S",
        "curl --unknown S",
        "curl -x S --proxy S --connect-to ::S --resolve a:1:S",
        "wget --password S",
        "rsync S x; scp S x; sftp S; sshfs S x; rsync --files-from=S a b",
        "psql -h S 'host=S hostaddr=S' 'postgresql://S/?host=S'",
        "PGHOST=S psql; export PGHOST=S; psql",
        "mysql -h S; mysqlsh S; mysqlsh --uri S; mongosh S",
        "oc login S; oc login -p S; docker -H tcp://S ps; DOCKER_HOST=ssh://S docker ps",
        "pssh -H S x; parallel ssh ::: S; ssh-keyscan S,S; telnet S; nc S",
        "GIT_SSH_COMMAND='ssh -J S' git clone S",
        "docker run x curl S; tmux new 'ssh S'; screen ssh S; bash -c 'ssh S'",
    ] {
        check(&line.replace('S', "secret:0691aeb09c761708"), &[]);
    }
    check(
        "ssh secret; ssh a:secret:0691aeb09c761708@web-1; curl https://secret:0691aeb09c761708@web-2/",
        &["ssh secret", "ssh a@web-1", "curl web-2"],
    );
    check(
        "curl -u ada:secret:0691aeb09c761708 web-3; scp secret:x y",
        &["curl ada@web-3", "scp secret"],
    );
}

#[test]
fn what_is_no_host() {
    check("# ssh a", &[]);
    check("ls # ssh a; ssh b", &[]);
    check(
        "echo ssh a; printf 'ssh b\\n'; echo \"curl http://c\" | tee x",
        &[],
    );
    check("cat <<EOF > x\nssh a\nEOF\nssh b", &["ssh b"]);
    check("vi ssh a; man ssh; which curl; grep ssh a", &[]);
    check(
        "ssh-keygen -C u@h; ssh-add h; git commit -m 'ssh a'; git config user.email a@b.example",
        &[],
    );
    check(
        "echo $(ssh a hostname) `curl http://b`",
        &["ssh a", "curl b"],
    );
    check(
        "for h in web-1 web-2; do ssh $h; scp x ada@$h:; done",
        &["ssh web-1", "ssh web-2", "scp ada@web-1", "scp ada@web-2"],
    );
    check(
        "for h in $(cat hosts); do ssh $h; done; while read h; do ssh $h; done < hosts",
        &[],
    );
    check("\0\0ssh a", &["ssh a"]);
}

/// Lines that would take for ever, or all memory, to be taken at their word.
#[test]
fn what_grows_without_end() {
    let looped = |inner: &str| format!("for i in {{1..64}}; do bash -c {inner:?}\" $i\"; done");
    let nested = looped(&looped(&looped(&looped("x"))));
    for line in [
        nested,
        format!("a=xx; {}ssh $a", "a=$a$a; ".repeat(60)),
        "{".repeat(LENGTH_LIMIT),
        "{a,".repeat(1000) + &"}".repeat(1000),
        "{1..64}".repeat(100),
        "kubectl -- ".repeat(LENGTH_LIMIT / 11),
        "sudo ".repeat(LENGTH_LIMIT / 5),
        "time ".repeat(LENGTH_LIMIT / 5),
        "tmux new ';' ".repeat(LENGTH_LIMIT / 13),
        "docker exec x ".repeat(LENGTH_LIMIT / 14),
        "export PGHOST=/x;".repeat(LENGTH_LIMIT / 17),
        "secret:".repeat(LENGTH_LIMIT / 7),
        "parallel {} ".repeat(300) + &"::: {} {} {} ".repeat(LENGTH_LIMIT / 26),
        "`".repeat(LENGTH_LIMIT),
        (0..3000)
            .flat_map(|number| {
                [
                    "for a",
                    &number.to_string(),
                    " in x y;echo $a",
                    &number.to_string(),
                    ";",
                ]
                .concat()
                .into_bytes()
            })
            .map(char::from)
            .collect(),
    ] {
        assert_eq!(hosts(line.as_bytes()), []);
    }
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in "((sudo|time|for|docker|exec|run|tmux|new|parallel|:::|\\{\\}|export|PGHOST=a|--resolve|pssh|oc|login|set|function|ssh|scp|curl|mysql|psql|kubectl|git|nc|env|-p|-h|-J|a:b|u@h|//|\\[::1\\]:x|=|') ?)*") {
        hosts(line.as_bytes());
    }
}
