//! Table `parse_issues`.

use crate::text::Text;

crate::table! {
    /// What the parsers could not understand: an odd line costs that line, and is told here. Of one member at most a
    /// thousand are listed; a last row says how many more there are.
    pub struct ParseIssue<'a> in "parse_issues" {
        sources: [],
        /// Member of the bundle.
        member: Text<'a>,
        /// Line, counted from 1; NULL where the text has no lines.
        line: Option<u64>,
        /// What was expected.
        reason: Text<'a>,
        /// The first 120 bytes of the line.
        excerpt: Text<'a>,
    }
}
