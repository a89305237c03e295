//! An output that refuses, fills up, or ends: and a capture that is told to stop.

use crate::case::Case;

pub(crate) const CASES: &[Case] = &[];
