//! Command `tables`.

use std::io::{self, Write};

use schema::TableDef;
use schema::tables::{TABLES, find};
use serde_json::{Value, json};

use super::Format;
use crate::queries::{Query, described_views};
use crate::{Error, Exit};

/// Arguments of `tables`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table whose columns are listed, or the view whose SELECT is; without it, all tables and views.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs `tables`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let views = described_views();
    let shown = match &args.name {
        Some(name) => {
            let view = views.iter().find(|view| view.name == name);
            match (find(name), view, args.format) {
                (Some(table), _, Format::Text) => one(table, out),
                (Some(table), _, Format::Json) => write_json(&described(table), out),
                (None, Some(view), Format::Text) => one_view(view, out),
                (None, Some(view), Format::Json) => write_json(&described_view(view), out),
                (None, None, _) => {
                    let name = schema::text::escaped(name.as_bytes());
                    return Err(Error::Argument(format!(
                        "there is no table {name}; `analyze tables` lists them"
                    )));
                }
            }
        }
        None => match args.format {
            Format::Text => all(&views, out),
            Format::Json => {
                let tables = TABLES.iter().map(described);
                let all = tables.chain(views.iter().map(described_view));
                write_json(&all.collect(), out)
            }
        },
    };
    shown.map_err(Error::Output)?;
    Ok(Exit::Success)
}

fn all(views: &[Query], out: &mut dyn Write) -> io::Result<()> {
    for table in TABLES {
        let first = table.doc.first().copied().unwrap_or_default().trim();
        writeln!(out, "{:<22} {first}", table.name)?;
    }
    writeln!(out, "\nViews:")?;
    for view in views {
        writeln!(out, "{:<22} {}", view.name, view.title)?;
    }
    Ok(())
}

fn one_view(view: &Query, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", view.name)?;
    writeln!(out, "  {}: {}\n", view.title, view.description)?;
    writeln!(out, "{}", view.sql.trim_end())
}

fn described_view(view: &Query) -> Value {
    json!({
        "name": view.name,
        "description": format!("{}: {}", view.title, view.description),
        "sql": view.sql,
    })
}

fn one(table: &TableDef, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", table.name)?;
    for line in table.doc {
        writeln!(out, "  {}", line.trim())?;
    }
    let keys = [
        ("key", table.key),
        ("logical key", table.logical_key),
        ("counters", table.counters),
        ("volatile", table.volatile),
    ];
    for (word, columns) in keys.into_iter().filter(|(_, columns)| !columns.is_empty()) {
        writeln!(out, "  {word}: {}", columns.join(", "))?;
    }
    writeln!(out)?;
    for column in table.columns {
        let null = if column.nullable { "" } else { " not null" };
        let doc: Vec<_> = column.doc.iter().map(|line| line.trim()).collect();
        let kind = format!("{}{null}", column.sql);
        writeln!(out, "  {:<26} {kind:<17} {}", column.name, doc.join(" "))?;
    }
    Ok(())
}

fn described(table: &TableDef) -> Value {
    let text = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
        lines.join(" ")
    };
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": column.sql,
                "nullable": column.nullable,
                "description": text(column.doc),
            })
        })
        .collect();
    json!({
        "name": table.name,
        "description": text(table.doc),
        "key": table.key,
        "logical_key": table.logical_key,
        "counters": table.counters,
        "volatile": table.volatile,
        "columns": columns,
    })
}

fn write_json(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
