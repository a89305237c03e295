//! Documentation made from the declarations: `TABLES.md`.

use std::fmt::Write as _;

use crate::source::Source;
use crate::table::{ColumnDef, TableDef};
use crate::tables::TABLES;

/// Width of README's lines.
const LIST_WIDTH: usize = 120;

/// All tables with their columns, as `schema/TABLES.md` has them.
///
/// A test compares the two; `UPDATE_GOLDEN=1 cargo test -p analyze --test tidy` writes the file again.
pub fn tables_markdown() -> String {
    let mut text = String::from(
        "# Tables\n\n\
         Made from the declarations in `schema/src/tables`; do not edit. Every table also has `snapshot_id`, which names the\n\
         snapshot (in `snapshots` it is the key). Columns of type ANY hold text of the host: TEXT when it is UTF-8 without\n\
         NUL, else a BLOB of the exact bytes; numbers above 2^63-1 are their decimal digits as TEXT. `\"constraint\"` and\n\
         `\"end\"` are keywords of SQL and stand in double quotes there.\n\n",
    );
    for table in TABLES {
        let _ = writeln!(
            text,
            "* [{0}](#{0}): {1}",
            table.name,
            first_sentence(table)
        );
    }
    for table in TABLES {
        section(&mut text, table);
    }
    text
}

/// The names of all tables, as README lists them.
pub fn table_list() -> String {
    let names: Vec<_> = TABLES
        .iter()
        .map(|table| format!("`{}`", table.name))
        .collect();
    let mut text = String::from("Tables: ");
    let mut width = text.len();
    for (position, name) in names.iter().enumerate() {
        let comma = if position + 1 < names.len() {
            ","
        } else {
            ".\n"
        };
        if width + name.len() > LIST_WIDTH {
            text.truncate(text.trim_end().len());
            text.push('\n');
            width = 0;
        }
        width += name.len() + 2;
        let _ = write!(text, "{name}{comma}");
        if comma == "," {
            text.push(' ');
        }
    }
    text
}

/// The first sentence of a table's documentation.
fn first_sentence(table: &TableDef) -> String {
    let doc = paragraph(table.doc);
    let end = doc
        .find(". ")
        .map_or(doc.as_str(), |end| doc.get(..end).unwrap_or(&doc));
    end.trim_end_matches('.').to_owned()
}

fn section(text: &mut String, table: &TableDef) {
    let _ = write!(text, "\n## {}\n\n{}\n", table.name, paragraph(table.doc));
    let sources: Vec<_> = table.sources.iter().map(source).collect();
    let lists = [
        ("Sources", sources),
        ("Key", quoted(table.key)),
        ("Key across restarts", quoted(table.logical_key)),
        ("Counters", quoted(table.counters)),
        ("Never a difference", quoted(table.volatile)),
    ];
    for (position, (title, names)) in lists
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .enumerate()
    {
        let gap = if position == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}* {title}: {}", names.join(", "));
    }
    text.push_str("\n| column | type | meaning |\n|---|---|---|\n");
    for column in table.columns {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            column.name,
            type_of(column),
            // A bar would end the cell.
            paragraph(column.doc).replace('|', "\\|")
        );
    }
}

fn type_of(column: &ColumnDef) -> String {
    let null = if column.nullable { ", or NULL" } else { "" };
    format!("{}{null}", column.sql)
}

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

fn source(source: &Source) -> String {
    match source {
        Source::Record => "records".to_owned(),
        Source::Evidence(name) => format!("records `{name}`"),
        Source::Process(name) | Source::ProcessLink(name) | Source::MountNamespace(name) => {
            format!("`/proc/PID/{name}`")
        }
        Source::NetNamespace(name) => format!("`/proc/PID/net/{name}`"),
        Source::ContainerState(name) => format!("`{name}` of each container"),
        Source::Cgroup(name) => format!("`/sys/fs/cgroup/*/{name}`"),
        Source::NetDump(name) => format!("netlink dump `{name}`"),
        Source::Log(path) | Source::Tail(path) => format!("`{path}` and its rotated siblings"),
        Source::Host(path) | Source::Device(path) => format!("`{path}`"),
        Source::Home(name) => format!("`~/{name}`"),
        Source::Journal => "the files of the journal, entry by entry".to_owned(),
        Source::FoundLog => {
            "the logs that processes hold open or name, and their rotated siblings".to_owned()
        }
        Source::FoundConfig => "the configuration files that processes name".to_owned(),
        Source::NamedHistory => "the file that `HISTFILE` of a process names".to_owned(),
    }
}

fn paragraph(lines: &[&str]) -> String {
    let lines = lines.iter().map(|line| line.trim());
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}
