//! Which columns are compared: what the declarations say, and what a file of the user's says instead.
//!
//! A line of the file is `TABLE[.COLUMN] [KEY=PATTERN]... [CLASS]`: a table or view that `diff` names, one of its columns or all
//! of them, the rows it is about (`*` stands for any text), and `state`, `counter` or `volatile`; without a class it is
//! `volatile`, never a difference. What follows `#` is a remark. The last line that fits counts.
//!
//! ```text
//! log_lines                                  # new kinds of lines, of all services
//! process_envs key=BUILD_*
//! system_controls name=kernel.random.*
//! memory_info.value state
//! ```

use regex::bytes::Regex;
use schema::TableDef;

use crate::Error;
use crate::db::query::Value;

/// What a change of a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It is reported.
    State,
    /// It counts up while nothing changes: reported when all columns are asked for.
    Counter,
    /// It is no difference: reported when all columns are asked for.
    Volatile,
}

/// The lines that are there without a file of the user's.
pub(super) const DEFAULT: &str = include_str!("default.rules");

/// The classes of all columns.
#[derive(Debug)]
pub struct Classes {
    all: bool,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    table: String,
    column: Option<String>,
    rows: Vec<(String, Regex)>,
    class: Class,
}

impl Default for Classes {
    fn default() -> Self {
        let mut classes = Classes::everything();
        classes.all = false;
        // A test reads them.
        let _ = classes.read(DEFAULT);
        classes
    }
}

impl Classes {
    /// Every column is compared, whatever its class.
    pub fn everything() -> Self {
        Classes {
            all: true,
            rules: Vec::new(),
        }
    }

    /// Adds the lines of a file.
    ///
    /// # Errors
    /// A line that is no rule, with its number.
    pub fn read(&mut self, text: &str) -> Result<(), Error> {
        for (number, line) in (1_usize..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(subject) = words.next() else {
                continue;
            };
            let rule = rule(subject, words).map_err(|reason| {
                Error::Argument(format!(
                    "line {number} of the file of --ignore: {}",
                    schema::text::escaped(reason.as_bytes())
                ))
            })?;
            self.rules.push(rule);
        }
        Ok(())
    }

    /// Whether every column is compared.
    pub fn all(&self) -> bool {
        self.all
    }

    /// Whether the change of a column is reported, as far as its row does not matter.
    pub(super) fn compares(&self, table: &TableDef, column: &str) -> bool {
        let declared = if table.volatile.contains(&column) {
            Class::Volatile
        } else if table.counters.contains(&column) {
            Class::Counter
        } else {
            Class::State
        };
        // Rules about some of the rows are asked again for each.
        let fits = |rule: &&Rule| {
            rule.table == table.name
                && rule.column.as_deref() == Some(column)
                && (rule.rows.is_empty() || rule.class == Class::State)
        };
        let class = self.rules.iter().rev().find(fits);
        self.all || class.map_or(declared, |rule| rule.class) == Class::State
    }

    /// Whether a row is no difference at all.
    pub(super) fn ignore_row(&self, table: &str, row: &[(&'static str, Value<'static>)]) -> bool {
        self.class(table, None, row)
            .is_some_and(|class| class != Class::State)
    }

    /// Whether a column of a row is no difference.
    pub(super) fn ignore_column(
        &self,
        table: &str,
        column: &str,
        row: &[(&'static str, Value<'static>)],
    ) -> bool {
        self.class(table, Some(column), row)
            .is_some_and(|class| class != Class::State)
    }

    fn class(
        &self,
        table: &str,
        column: Option<&str>,
        row: &[(&'static str, Value<'static>)],
    ) -> Option<Class> {
        let fits = |rule: &&Rule| {
            rule.table == table
                && rule.column.as_deref() == column
                && rule.rows.iter().all(|(key, pattern)| {
                    let value = row.iter().find(|(name, _)| name == key);
                    value.is_some_and(|(_, value)| match value {
                        Value::Text(text) | Value::Blob(text) => pattern.is_match(text),
                        Value::Integer(number) => pattern.is_match(number.to_string().as_bytes()),
                        Value::Null | Value::Real(_) => false,
                    })
                })
        };
        self.rules.iter().rev().find(fits).map(|rule| rule.class)
    }
}

fn rule<'w>(subject: &str, words: impl Iterator<Item = &'w str>) -> Result<Rule, String> {
    let (table, column) = match subject.split_once('.') {
        Some((table, column)) => (table, Some(column.to_owned())),
        None => (subject, None),
    };
    if let Some(definition) = schema::tables::find(table) {
        let known = |column: &String| definition.columns.iter().any(|known| known.name == column);
        if let Some(column) = column.as_ref().filter(|column| !known(column)) {
            return Err(format!("table {table} has no column {column}"));
        }
    } else if !crate::queries::views().any(|(name, _)| name == table) {
        return Err(format!("there is no table {table}"));
    }
    let mut rows = Vec::new();
    let mut class = None;
    for word in words {
        let named = match word {
            "state" => Class::State,
            "counter" => Class::Counter,
            "volatile" => Class::Volatile,
            _ => {
                let Some((key, pattern)) = word.split_once('=') else {
                    return Err(format!(
                        "{word} is neither KEY=PATTERN nor state, counter or volatile"
                    ));
                };
                let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
                let pattern = Regex::new(&format!("(?s-u)^{}$", parts.join(".*")));
                let pattern = pattern.map_err(|error| error.to_string())?;
                rows.push((key.to_owned(), pattern));
                continue;
            }
        };
        if class.replace(named).is_some() {
            return Err("a line has one class".to_owned());
        }
    }
    Ok(Rule {
        table: table.to_owned(),
        column,
        rows,
        class: class.unwrap_or(Class::Volatile),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::values::text;

    fn classes(rules: &str) -> Classes {
        let mut classes = Classes::default();
        classes.read(rules).unwrap();
        classes
    }

    #[test]
    fn the_last_line_that_fits_counts() {
        let classes = classes(
            "# a remark\n\nprocess_envs key=BUILD_*  # those\nprocess_envs key=BUILD_ID state\nusers.shell username=anna\nmemory_info.value state\nmounts.flags",
        );
        let env = |key: &str| classes.ignore_row("process_envs", &[("key", text(key))]);
        assert!(env("BUILD_TIME"));
        assert!(!env("BUILD_ID"));
        assert!(!env("XBUILD_ID"));
        let shell = |name: &str| {
            let row = [("username", text(name))];
            assert!(!classes.ignore_row("users", &row));
            classes.ignore_column("users", "shell", &row)
        };
        assert!(shell("anna"));
        assert!(!shell("annabel"));
        let compares =
            |table: &str, column| classes.compares(schema::tables::find(table).unwrap(), column);
        assert!(compares("memory_info", "value"));
        assert!(!compares("vmstat", "value"));
        assert!(!compares("mounts", "flags"));
        // Only for one row, which is asked later.
        assert!(compares("users", "shell"));
        assert!(Classes::everything().compares(schema::tables::find("vmstat").unwrap(), "value"));
    }

    #[test]
    fn the_lines_that_are_there_are_rules() {
        Classes::everything().read(DEFAULT).unwrap();
        let key = |key: &str| [("key", text(key))];
        assert!(Classes::default().ignore_row("process_envs", &key("INVOCATION_ID")));
        assert!(!Classes::default().ignore_row("process_envs", &key("DB_HOST")));
        assert!(!classes("process_envs key=PWD state").ignore_row("process_envs", &key("PWD")));
    }

    #[test]
    fn what_is_no_rule() {
        for (line, reason) in [
            ("nothing", "there is no table nothing"),
            ("users.nothing", "no column nothing"),
            ("users anna", "neither KEY=PATTERN"),
            ("users state volatile", "one class"),
        ] {
            let error = Classes::default().read(line).unwrap_err().to_string();
            assert!(
                error.contains("line 1") && error.contains(reason),
                "{error}"
            );
        }
    }
}
