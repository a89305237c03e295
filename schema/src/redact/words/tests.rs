//! What each rule finds.

use super::*;

/// Shows a text with `*` for its secrets.
fn check(content: Content, text: &str, expected: &str) {
    let mut shown = String::new();
    let mut done = 0;
    for secret in find(content, text.as_bytes()) {
        shown.push_str(text.get(done..secret.range.start).unwrap());
        shown.push('*');
        done = secret.range.end;
    }
    shown.push_str(text.get(done..).unwrap());
    assert_eq!(shown, expected);
}

#[test]
fn environments() {
    let check = |text, expected| check(Content::Environ, text, expected);
    check(
        "DB_PASSWORD=pl0ver x\0HOME=/root\0",
        "DB_PASSWORD=*\0HOME=/root\0",
    );
    check(
        "STRIPE_KEY=k1\0aws_secret_access_key=k2\0",
        "STRIPE_KEY=*\0aws_secret_access_key=*\0",
    );
    check("PGPASSWORD=\"a b\"\0", "PGPASSWORD=\"*\"\0");
    check(
        "PASSWORD_FILE=/run/secrets/db\0PWD=/srv\0OLDPWD=/\0",
        "PASSWORD_FILE=/run/secrets/db\0PWD=/srv\0OLDPWD=/\0",
    );
    check(
        "SSH_AUTH_SOCK=/run/a\0AWS_ACCESS_KEY_ID=AK\0",
        "SSH_AUTH_SOCK=/run/a\0AWS_ACCESS_KEY_ID=AK\0",
    );
    check(
        "DATABASE_URL=postgres://ada:pl0ver@db.example/app\0",
        "DATABASE_URL=postgres://ada:*@db.example/app\0",
    );
    check(
        "OPTS=-Dstore.password=pl0ver -v\0RUN=mysql -ppl0ver app\0",
        "OPTS=-Dstore.password=* -v\0RUN=mysql -p* app\0",
    );
    check("EMPTY_TOKEN=\0TOKEN\0=x\0", "EMPTY_TOKEN=\0TOKEN\0=x\0");
}

#[test]
fn arguments() {
    let check = |text, expected| check(Content::Arguments, text, expected);
    check(
        "app\0--db-password=pl0ver\0-v\0",
        "app\0--db-password=*\0-v\0",
    );
    check(
        "app\0--token\0pl0ver\0--token\0--next\0",
        "app\0--token\0*\0--token\0--next\0",
    );
    check(
        "/usr/bin/mysql\0-u\0ada\0-ppl0ver\0app\0",
        "/usr/bin/mysql\0-u\0ada\0-p*\0app\0",
    );
    check("mysql\0-p\0app\0", "mysql\0-p\0app\0");
    check("mongodump\0-p\0pl0ver\0", "mongodump\0-p\0*\0");
    check(
        "sshpass\0-p\0pl0ver\0ssh\0host\0",
        "sshpass\0-p\0*\0ssh\0host\0",
    );
    check(
        "curl\0-u\0ada:pl0ver\0https://api.example\0",
        "curl\0-u\0ada:*\0https://api.example\0",
    );
    check(
        "curl\0-H\0Authorization: Bearer abc.def\0",
        "curl\0-H\0Authorization: Bearer *\0",
    );
    check(
        "sh\0-c\0mysql -ppl0ver app | grep x\0",
        "sh\0-c\0mysql -p* app | grep x\0",
    );
    check("nginx: master process\0", "nginx: master process\0");
    check(
        "ls\0-p\0x\0--key-file=/etc/k\0",
        "ls\0-p\0x\0--key-file=/etc/k\0",
    );
}

#[test]
fn histories() {
    let check = |text, expected| check(Content::History, text, expected);
    check(
        "#1700000000\nmysql -u ada -p'pl0ver' app\nls\n",
        "#1700000000\nmysql -u ada -p'*' app\nls\n",
    );
    check(
        "export API_TOKEN='a b' && make\n",
        "export API_TOKEN='*' && make\n",
    );
    check(
        "PGPASSWORD=pl0ver psql -h db.example\n",
        "PGPASSWORD=* psql -h db.example\n",
    );
    check(
        "curl -H \"X-Api-Key: pl0ver\" https://api.example\n",
        "curl -H \"X-Api-Key: *\" https://api.example\n",
    );
    check(
        "git clone https://ada:pl0ver@git.example/x; passwd ada\n",
        "git clone https://ada:*@git.example/x; passwd ada\n",
    );
    check(
        "echo it's unbalanced --password x\n",
        "echo it's unbalanced --password *\n",
    );
    check("", "");
    // Would take minutes if each name looked at all that follow.
    let names = "mysql ".repeat(400_000);
    check(&(names.clone() + "-pabc"), &(names + "-p*"));
}

#[test]
fn histories_of_every_shell() {
    let check = |text, expected| check(Content::History, text, expected);
    check(
        ": 1700000000:0;export TOKEN=abc\n: 1700000001:3;mysql -pabc \\\\\n -h db\n",
        ": 1700000000:0;export TOKEN=*\n: 1700000001:3;mysql -p* \\\\\n -h db\n",
    );
    check(
        ": 1700000000:0;mysql shop\\\nssh -p22 a\n",
        ": 1700000000:0;mysql shop\\\nssh -p22 a\n",
    );
    check(
        "- cmd: ls\\nmysql -psecret\\nid\n  when: 1700000000\n- cmd: A_TOKEN='x\\\\ny' id\n",
        "- cmd: ls\\nmysql -p*\\nid\n  when: 1700000000\n- cmd: A_TOKEN='*' id\n",
    );
    check(
        "#1700000000\nexport A_TOKEN='x y\nz'\nid\n#1700000001\nmysql shop\nssh -p22 a\n",
        "#1700000000\nexport A_TOKEN='*'\nid\n#1700000001\nmysql shop\nssh -p22 a\n",
    );
    check(
        "#1700000000\necho it's\nmysql -pabc\necho that's\n",
        "#1700000000\necho it's\nmysql -p*\necho that's\n",
    );
    check(
        "mysql -pabc\n\0\0for a in b\ndo redis-cli -a x\ndone\n\0",
        "mysql -p*\n\0\0for a in b\ndo redis-cli -a *\ndone\n\0",
    );
}
#[test]
fn values_of_set() {
    let check = |text, expected| check(Content::History, text, expected);
    check(
        "- cmd: set -x PASSWORD pl0ver\n- cmd: set -gx DB_TOKEN \"pl0ver more\" b; ls c\n",
        "- cmd: set -x PASSWORD *\n- cmd: set -gx DB_TOKEN \"*\" *; ls c\n",
    );
    check(
        "setenv DB_PASSWORD pl0ver\nset password = pl0ver\nset password=pl0ver\n",
        "setenv DB_PASSWORD *\nset password = *\nset password=*\n",
    );
    check(
        "aws configure set aws_secret_access_key pl0ver\ngit config --global github.token pl0ver\n",
        "aws configure set aws_secret_access_key *\ngit config --global github.token *\n",
    );
    for untouched in [
        "export TOKEN_FILE=x; set -e\n",
        "set -o pipefail # token\n",
        "set -- a b token\n",
        "set -x; ls token\n",
        "set path = (/usr/bin token)\n",
    ] {
        check(untouched, untouched);
    }
}

#[test]
fn lines_that_go_on() {
    let check = |text, expected| check(Content::History, text, expected);
    check(
        ": 1700000000:0;redis-cli -a \\\\\n pl0ver\n: 1700000000:0;curl --user \\\\\n ada:pl0ver h\n",
        ": 1700000000:0;redis-cli -a \\\\\n *\n: 1700000000:0;curl --user \\\\\n ada:* h\n",
    );
    check(
        "- cmd: redis-cli -a \\\\\\n  pl0ver\n",
        "- cmd: redis-cli -a \\\\\\n  *\n",
    );
    check(
        "redis-cli -a \\\n pl0ver\nredis-cli -a\\\n\tpl0ver -h x\n",
        "redis-cli -a \\\n *\nredis-cli -a\\\n\t* -h x\n",
    );
    check(
        "redis-cli -a \\\\\n  pl0ver\nls",
        "redis-cli -a \\\\\n  *\nls",
    );
    check("redis-cli -a \\\n pl0ver\n\0", "redis-cli -a \\\n *\n\0");
    check("redis-cli -a \\", "redis-cli -a \\");
}

#[test]
fn backslashes() {
    let check = |text, expected| check(Content::History, text, expected);
    check("export PASSWORD=my\\ pl0ver x\n", "export PASSWORD=* x\n");
    check(
        r#"PASSWORD="a\"b pl0ver" mysql -p"c\" d" x"#,
        r#"PASSWORD="*" mysql -p"*" x"#,
    );
    check(
        r"PASSWORD=$'a\'b pl0ver' x; PASSWORD='a\' y",
        r"PASSWORD=* x; PASSWORD='*' y",
    );
    check(
        r"- cmd: set PASSWORD my\\ pl0ver\n\n- cmd: mysql -p'a\\' b' x",
        r"- cmd: set PASSWORD *\n\n- cmd: mysql -p'*' x",
    );
    check(
        r"- cmd: export PASSWORD='a\\' pl0ver' x",
        r"- cmd: export PASSWORD='*' x",
    );
    // Would take minutes if each looked at all that follow.
    let many = r#"\"''"#.repeat(500_000);
    check(&(many.clone() + " TOKEN=x"), &(many + " TOKEN=*"));
}
