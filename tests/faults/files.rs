//! Files, logs, histories and containers of a host that plays tricks.

use crate::case::Case;

pub(crate) const CASES: &[Case] = &[];
