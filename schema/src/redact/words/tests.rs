//! What each rule finds.

use super::*;

/// A text with `*` for its secrets.
fn shown(content: Content, text: &str) -> String {
    let mut shown = String::new();
    let mut done = 0;
    for secret in find(content, text.as_bytes()) {
        shown.push_str(text.get(done..secret.range.start).unwrap());
        shown.push('*');
        done = secret.range.end;
    }
    shown.push_str(text.get(done..).unwrap());
    shown
}

fn check(content: Content, text: &str, expected: &str) {
    assert_eq!(shown(content, text), expected);
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
fn here_documents() {
    let check = |text, expected| check(Content::History, text, expected);
    check(
        "#1700000000\ncat > .env <<EOF\nDB_PASSWORD=pl0ver\nurl: a://b:pl0ver@h\nit's\ntoken: pl0ver\nEOF\n#1700000001\nid\n",
        "#1700000000\ncat > .env <<EOF\nDB_PASSWORD=*\nurl: a://b:*@h\nit's\ntoken: *\nEOF\n#1700000001\nid\n",
    );
    check(
        ": 1700000000:0;mysql <<EOF\\\nALTER USER a IDENTIFIED BY 'pl0ver';\\\nEOF\n",
        ": 1700000000:0;mysql <<EOF\\\nALTER USER a IDENTIFIED BY '*';\\\nEOF\n",
    );
    check(
        "- cmd: echo \"a_token: pl0ver\\nb\" | tee x\n",
        "- cmd: echo \"a_token: *\\nb\" | tee x\n",
    );
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

/// Command lines as people type them, with their secrets in « ».
const TYPED: &str = r#"
mysql -p«pl0ver» shop
mysql --password «pl0ver»
mysql --password=«pl0ver»
mysqldump -u root -p'«pl0ver x»' shop
mongo -p '«pl0ver»'
PGPASSWORD=«pl0ver» psql -h x
env PGPASSWORD="«pl0ver x»" psql
curl -u a:«pl0ver» http://x
curl -sSLu a:«pl0ver» http://x
curl -ua:«pl0ver» http://x
curl --user 'a:«pl0ver x»' http://x
curl -u "a:«pl0ver;1|x»" x
curl -H 'Authorization: Bearer «pl0ver»' x
curl -H "X-Vault-Token: «pl0ver»" x
curl -H 'PRIVATE-TOKEN: «pl0ver»' x
curl -H "apikey: «pl0ver»" x
curl -H "Authorization:Bearer «pl0ver»" x
curl --oauth2-bearer «pl0ver» x
curl -d 'user=a&password=«pl0ver»' x
curl -d "password=«pl0ver&user=a»" x
curl "https://h/p?user=a&token=«pl0ver»&z=1"
curl https://h/p?api_key=«pl0ver»
curl -b '«session=pl0ver»' x
curl --cookie "«sid=pl0ver»" x
curl -d '{"user":"a","password":"«pl0ver»"}' x
git clone https://user:«pl0ver»@host/x
git clone https://«pl0veraaaaaaaaaaaaaaaaaaaaaa»@host/x
git clone https://«pl0ver:x-oauth-basic»@host/x
git clone https://u:«p@pl0ver»@host/x
git clone https://«ghp_pl0veraaaaaa»@github.com/x
git clone https://ada@host/x
psql postgres://a:«pl0ver»@h/d
aws configure set aws_secret_access_key «pl0ver»
export AWS_SECRET_ACCESS_KEY=«pl0ver»
echo «ghp_pl0verabc123»
echo «glpat-pl0verabc123»
echo «xoxb-pl0verabc-123»
echo «AKIAIOSFODNN7EXAMPLE»
sshpass -p«pl0ver» ssh h
sshpass -p '«pl0ver x»' ssh h
SSHPASS=«pl0ver» sshpass -e ssh h
openssl rsa -in k -passin pass:«pl0ver» -out x
openssl enc -aes-256-cbc -k «pl0ver» -in x
openssl enc -aes-256-cbc -pass '«pass:pl0ver x»' -in x
docker login -u a -p «pl0ver» reg
docker login -u a -p«pl0ver» reg
docker login --password «pl0ver»
docker run -p 80:80 -e DB_PASSWORD=«pl0ver» img
docker run -e "DB_PASSWORD=«pl0ver x»" img
docker run --env=DB_PASSWORD=«pl0ver» img
podman login -u a -p «pl0ver» reg
echo «pl0ver» | docker login --password-stdin
echo "«pl0ver x»" | sudo -S id
echo ada:«pl0ver» | chpasswd
echo 'ada:«pl0ver x»' | sudo chpasswd
chpasswd <<< "ada:«pl0ver»"
sudo -S id <<<«pl0ver»
echo -n «pl0ver» | gh auth login --with-token
kubectl create secret generic s --from-literal=password=«pl0ver»
kubectl create secret generic s --from-literal=foo=«pl0ver»
kubectl create secret generic s --from-literal foo='«pl0ver x»'
kubectl --token «pl0ver» get pods
kubectl create secret docker-registry r --docker-password=«pl0ver»
htpasswd -b f u «pl0ver»
htpasswd -nb u «pl0ver» >> f
htpasswd -bc f u "«pl0ver x»"
ldapsearch -x -D cn=a -w «pl0ver» -b dc=x
ldapsearch -w«pl0ver»
smbclient -U u%«pl0ver» //s/x
smbclient //s/x -U 'dom/u%«pl0ver»'
wget --password=«pl0ver» h
wget --http-password=«pl0ver» h
wget --header="Authorization: Basic «pl0ver»" h
export A_TOKEN=«pl0ver» B_SECRET='«pl0ver x»'
declare -x A_TOKEN=«pl0ver»
readonly API_KEY="«pl0ver»"
mount -t cifs //s/x /m -o username=u,password=«pl0ver,dom=x»
ssh h "mysql -p«pl0ver» x"
ssh h 'export DB_PASSWORD="«pl0ver x»"; run'
bash -c "redis-cli -a «pl0ver»"
echo "$(mysql -p«pl0ver» x)"
x=`mysql -p«pl0ver» x`
redis-cli -u redis://:«pl0ver»@h
redis-cli --pass «pl0ver»
redis-cli config set requirepass «pl0ver»
REDISCLI_AUTH=«pl0ver» redis-cli
psql -c "ALTER USER a WITH PASSWORD '«pl0ver»'"
mysql -e "CREATE USER a IDENTIFIED BY '«pl0ver»'"
mysql -e "SET PASSWORD «FOR» a = PASSWORD('«pl0ver»')"
psql "host=h user=a password=«pl0ver»"
nmcli dev wifi connect S password «pl0ver»
ansible-playbook -e "ansible_become_pass=«pl0ver»" x
vault login «hvs.pl0verpl0verpl0ver»
vault login token=«pl0ver»
npm config set //registry.npmjs.org/:_authToken «pl0ver»
npm config set //registry.npmjs.org/:_authToken=«pl0ver»
git config user.password «pl0ver»
git -c http.extraheader="Authorization: Basic «pl0ver»" clone x
zip -P «pl0ver» x y
7z a -p«pl0ver» x
gpg --batch --passphrase «pl0ver» -d x
lftp -u u,«pl0ver» h
xfreerdp /u:a /p:«pl0ver» /v:h
snmpwalk -v2c -c «pl0ver» h
ipmitool -H h -U a -P «pl0ver» power
sqlcmd -S h -U a -P «pl0ver»
keytool -storepass «pl0ver» -keypass «pl0ver»
java -Djavax.net.ssl.keyStorePassword=«pl0ver» -jar x
evil-winrm -i h -u a -p «pl0ver»
useradd -p «pl0ver» ada
usermod -p '«pl0ver»' ada
mosquitto_pub -u a -P «pl0ver» -t x
BORG_PASSPHRASE="«pl0ver x»" borg list
echo -n «pl0ver» | cryptsetup luksOpen /dev/x y -
password: «pl0ver»
mongosh -u a -p«pl0ver»
PASS=«pl0ver»; DBPASS=«pl0ver»
heroku config:set API_KEY=«pl0ver»
twine upload -u a -p «pl0ver»
PASSWORD="«pl0ver'1 x»" x
PASSWORD='«pl0ver"1 x»' x
mysql -p"«pl0ver;x»" x
"#;

#[test]
fn what_people_type() {
    let mut wrong = Vec::new();
    let mut redactor = crate::redact::Redactor::new(&[7; 32]).unwrap();
    for line in TYPED.lines().filter(|line| !line.is_empty()) {
        let typed = line.replace(['«', '»'], "");
        // A text without any keyword is not looked at.
        let redacted = redactor.redact(Content::History, typed.as_bytes());
        assert_eq!(redacted.count > 0, line.contains('«'), "{line}");
        let mut expected = String::new();
        for (position, piece) in line.split(['«', '»']).enumerate() {
            expected.push_str(if position % 2 == 1 { "*" } else { piece });
        }
        for (content, before, after) in [
            (Content::History, "", "\n"),
            (Content::History, ": 1700000000:0;", "\n"),
            (Content::History, "- cmd: ", "\n  when: 1\n"),
            (Content::History, "\u{1}x\0", "\n\0"),
            (Content::Environ, "X=1\0RUN=", "\0"),
            (Content::Arguments, "sh\0-c\0", "\0"),
        ] {
            let text = format!("{before}{typed}{after}");
            let shown = shown(content, &text);
            if shown != format!("{before}{expected}{after}") {
                wrong.push((content, shown));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
