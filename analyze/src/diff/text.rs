//! For people at a terminal.

use std::io::Write;

use super::Diff;
use crate::Error;

/// What the differences that belong to no service stand under.
pub(super) const HOST: &str = "host";

impl Diff {
    /// Writes it for people: the verdict, whose snapshots these are, what must be known, then the services. `now` is the
    /// analyst's clock.
    pub fn write_text(&self, now: i64, out: &mut dyn Write) -> Result<(), Error> {
        let mut write = |text: String| out.write_all(text.as_bytes()).map_err(Error::Output);
        write(format!("{}\n", self.verdict()))?;
        for (name, snapshot) in [("before", &self.before), ("after", &self.after)] {
            write(format!("{name:<6}  {}\n", snapshot.headline(now)))?;
        }
        self.write_groups(out)
    }

    /// Writes what must be known, then what differs by service.
    pub fn write_groups(&self, out: &mut dyn Write) -> Result<(), Error> {
        let mut write = |text: String| out.write_all(text.as_bytes()).map_err(Error::Output);
        for note in &self.notes {
            write(format!("note    {note}\n"))?;
        }
        for group in &self.groups {
            write(format!("\n{}\n", group.service.as_deref().unwrap_or(HOST)))?;
            for difference in &group.differences {
                let line = difference.line();
                write(format!("  {} {}\n", line.sign, line.text))?;
                for below in line.below {
                    write(format!("      {below}\n"))?;
                }
            }
        }
        Ok(())
    }
}
