use super::{LENGTH_LIMIT, hosts};

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
        "`".repeat(LENGTH_LIMIT),
        (0..3000)
            .map(|number| format!("for a{number} in x y;echo $a{number};"))
            .collect(),
    ] {
        assert_eq!(hosts(line.as_bytes()), []);
    }
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in "((sudo|ssh|scp|curl|mysql|psql|kubectl|git|nc|env|-p|-h|-J|a:b|u@h|//|\\[::1\\]:x|=|') ?)*") {
        hosts(line.as_bytes());
    }
}
