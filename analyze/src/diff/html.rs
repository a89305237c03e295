//! As a page of its own, without anything from elsewhere.

use std::io::Write;

use super::{Diff, text};
use crate::Error;

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<title>What changed</title>\n<style>\nbody { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; }\n\
li { font-family: ui-monospace, monospace; font-size: 13px; list-style: none; overflow-wrap: anywhere; white-space: pre-wrap; }\n\
ul { padding-left: 1.5em; }\n.added { color: #05661c; } .removed { color: #a1121c; } .restarted { color: #7a4b00; } .unknown { color: #666; }\n</style>\n";

impl Diff {
    /// Writes it as an HTML page: text of the host is escaped, and the page may load and run nothing.
    pub fn write_html(&self, now: i64, out: &mut dyn Write) -> Result<(), Error> {
        let mut write = |text: String| out.write_all(text.as_bytes()).map_err(Error::Output);
        write(format!(
            "{HEAD}<h1>{}</h1>\n<ul>\n",
            escaped(&self.verdict())
        ))?;
        for (name, snapshot) in [("before", &self.before), ("after", &self.after)] {
            write(format!(
                "<li>{name}: {}</li>\n",
                escaped(&snapshot.headline(now))
            ))?;
        }
        for note in &self.notes {
            write(format!("<li>note: {}</li>\n", escaped(note)))?;
        }
        write("</ul>\n".to_owned())?;
        for group in &self.groups {
            let name = group.service.as_deref().unwrap_or(text::HOST);
            write(format!("<h2>{}</h2>\n<ul>\n", escaped(name)))?;
            for difference in &group.differences {
                let line = difference.line();
                let class = difference.kind.as_str();
                write(format!(
                    "<li class=\"{class}\">{} {}",
                    line.sign,
                    escaped(&line.text)
                ))?;
                if !line.below.is_empty() {
                    write("<ul>".to_owned())?;
                    for below in &line.below {
                        write(format!("<li>{}</li>", escaped(below)))?;
                    }
                    write("</ul>".to_owned())?;
                }
                write("</li>\n".to_owned())?;
            }
            write("</ul>\n".to_owned())?;
        }
        write("</html>\n".to_owned())
    }
}

/// Text with what is markup in HTML escaped; controls were escaped when it was shown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
