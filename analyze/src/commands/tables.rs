//! Command `tables`.

use std::io::{self, Write};

use schema::TableDef;
use schema::tables::{TABLES, find};
use serde_json::{Value, json};

use super::Format;
use crate::{Error, Exit};

/// Arguments of `tables`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table whose columns are listed; without it, all tables.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs `tables`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let shown = match &args.name {
        Some(name) => {
            let table = find(name).ok_or_else(|| {
                let name = schema::text::escaped(name.as_bytes());
                Error::Argument(format!(
                    "there is no table {name}; `analyze tables` lists them"
                ))
            })?;
            match args.format {
                Format::Text => one(table, out),
                Format::Json => write_json(&described(table), out),
            }
        }
        None => match args.format {
            Format::Text => TABLES.iter().try_for_each(|table| {
                let first = table.doc.first().copied().unwrap_or_default().trim();
                writeln!(out, "{:<22} {first}", table.name)
            }),
            Format::Json => write_json(&TABLES.iter().map(described).collect(), out),
        },
    };
    shown.map_err(Error::Output)?;
    Ok(Exit::Success)
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
