//! SQL that is meant to do more than read.

use crate::case::Case;

pub(crate) const CASES: &[Case] = &[];
