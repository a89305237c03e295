//! The queries that come with the program: SQL files with a comment header, one SELECT each.
//!
//! A header line is `-- key: value`; a line `--   more` goes on with the value before it.
//!
//! | key | meaning |
//! |---|---|
//! | `title` | a few words |
//! | `description` | what the rows are |
//! | `parameters` | `name (type, optional)`, comma-separated after the parenthesis; without a value they are NULL |
//! | `indent` | a column that people see before the next one, as a drawing, not as a column |
//! | `rows` | most rows that `brief` and `pid` show |
//! | `layout` | `vertical` where people see one row of many columns as a list |
//! | `reads` | what `pid` must name below the rows when it could not be read, comma-separated: files below `/proc/PID`, or
//!   whole paths |

use crate::output::Layout;

/// A query that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Its file's name without `.sql`.
    pub name: &'static str,
    /// A few words.
    pub title: String,
    /// What the rows are.
    pub description: String,
    /// Names of its parameters.
    pub parameters: Vec<String>,
    /// The column that is drawn before the next one.
    pub indent: Option<String>,
    /// Most rows that `brief` and `pid` show.
    pub rows: Option<usize>,
    /// How people see the rows.
    pub layout: Layout,
    /// Names of the sources whose gaps concern the rows.
    pub reads: Vec<String>,
    /// The SELECT, its header included.
    pub sql: &'static str,
}

macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../queries/", $folder, "/", $name, ".sql")))),+]
    };
}

const VIEWS: &[(&str, &str)] = files!("views":
    "arp_cache",
    "connections",
    "coverage",
    "listening_ports",
    "log_owners",
    "peers",
    "process_open_files",
    "process_open_pipes",
    "process_open_sockets",
    "process_units",
    "services",
    "translations",
);

const SHOW: &[(&str, &str)] = files!("show":
    "arp",
    "connections",
    "conntrack",
    "containers",
    "df",
    "fds",
    "free",
    "history",
    "ip-route",
    "ip-rule",
    "kernel-events",
    "last",
    "log-files",
    "logs",
    "lsof",
    "netstat",
    "oom",
    "peers",
    "ps",
    "pstree",
    "services",
    "ss",
    "threads",
    "top",
    "vmstat",
    "who",
);

const BRIEF: &[(&str, &str)] = files!("brief":
    "10-host",
    "20-processes",
    "30-listeners",
    "40-remote",
    "45-history-hosts",
    "48-oom-kills",
    "49-kernel-events",
    "50-errors",
);

const PID: &[(&str, &str)] = files!("pid":
    "10-process",
    "15-tree",
    "20-arguments",
    "25-environment",
    "30-fds",
    "35-output",
    "40-files",
    "45-pipes",
    "50-listeners",
    "55-connections",
    "60-limits",
    "65-cgroups",
    "70-namespaces",
    "75-threads",
    "80-memory",
    "85-log-lines",
    "90-not-read",
    "95-parse-issues",
);

const MISSING: &[(&str, &str)] = files!("missing": "pid");

/// Views that every database has: name and SELECT.
pub fn views() -> impl Iterator<Item = (&'static str, &'static str)> {
    VIEWS.iter().copied()
}

/// The views with their headers.
pub fn described_views() -> Vec<Query> {
    VIEWS.iter().map(parse).collect()
}

/// What `show` can show.
pub fn show() -> Vec<Query> {
    SHOW.iter().map(parse).collect()
}

/// The sections of `brief`, in their order.
pub fn brief() -> Vec<Query> {
    BRIEF.iter().map(parse).collect()
}

/// The sections of `pid`, in their order.
pub fn pid() -> Vec<Query> {
    PID.iter().map(parse).collect()
}

/// What can be said of something that was asked for and is not there.
pub fn missing() -> Vec<Query> {
    MISSING.iter().map(parse).collect()
}

fn parse(file: &(&'static str, &'static str)) -> Query {
    let (name, sql) = *file;
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in sql.lines().map_while(|line| line.strip_prefix("--")) {
        match (line.trim().split_once(": "), fields.last_mut()) {
            (_, Some((_, value))) if line.starts_with("   ") => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (Some((key, value)), _) => fields.push((key, value.to_owned())),
            (None, _) => {}
        }
    }
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone())
    };
    Query {
        name,
        title: field("title").unwrap_or_default(),
        description: field("description").unwrap_or_default(),
        parameters: field("parameters")
            .map(|list| {
                let names = list
                    .split("),")
                    .filter_map(|item| item.split_whitespace().next());
                names.map(str::to_owned).collect()
            })
            .unwrap_or_default(),
        indent: field("indent"),
        rows: field("rows").and_then(|rows| rows.parse().ok()),
        layout: match field("layout").as_deref() {
            Some("vertical") => Layout::Vertical,
            _ => Layout::Lines,
        },
        reads: field("reads")
            .map(|list| list.split(", ").map(str::to_owned).collect())
            .unwrap_or_default(),
        sql,
    }
}

#[cfg(test)]
mod tests;
