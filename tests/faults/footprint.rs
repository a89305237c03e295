//! What a capture must leave as it was, and the places where it has little to stand on.

use crate::case::Case;

pub(crate) const CASES: &[Case] = &[];
