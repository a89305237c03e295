//! Evidence that is shown: on a terminal, in CSV, Markdown, HTML and the web page.

use crate::case::Case;

pub(crate) const CASES: &[Case] = &[
    Case::pending("W01", "web page: another host's name in Host", WEB),
    Case::pending("W02", "web page: no token, a wrong one, an old one", WEB),
    Case::pending("W04", "web page: other addresses, other users", WEB),
    Case::pending(
        "W05",
        "web page: path traversal, slow and endless requests",
        WEB,
    ),
    Case::pending("W06", "web page: scripts in the evidence", WEB),
    Case::pending(
        "R01",
        "HTML report: scripts in every text column",
        "the HTML report",
    ),
];

const WEB: &str = "the web page";
