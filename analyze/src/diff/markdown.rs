//! For a ticket.

use std::io::Write;

use super::{Diff, text};
use crate::{Error, output};

impl Diff {
    /// Writes it as Markdown: text of the host is escaped, so that none of it is markup.
    pub fn write_markdown(&self, now: i64, out: &mut dyn Write) -> Result<(), Error> {
        let mut write = |text: String| out.write_all(text.as_bytes()).map_err(Error::Output);
        let escaped = output::markdown;
        write(format!("**{}**\n\n", escaped(&self.verdict())))?;
        for (name, snapshot) in [("before", &self.before), ("after", &self.after)] {
            write(format!("- {name}: {}\n", escaped(&snapshot.headline(now))))?;
        }
        for note in &self.notes {
            write(format!("- note: {}\n", escaped(note)))?;
        }
        for group in &self.groups {
            let name = group.service.as_deref().unwrap_or(text::HOST);
            write(format!("\n### {}\n\n", escaped(name)))?;
            for difference in &group.differences {
                let line = difference.line();
                write(format!("- `{}` {}\n", line.sign, escaped(&line.text)))?;
                for below in line.below {
                    write(format!("  - {}\n", escaped(&below)))?;
                }
            }
        }
        Ok(())
    }
}
