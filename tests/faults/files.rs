//! Files, logs, histories and containers of a host that plays tricks.

mod dead;
mod histories;
mod logs;
mod tree;

use crate::case::Case;

pub(crate) const CASES: [&[Case]; 3] = [histories::CASES, logs::CASES, dead::CASES];
