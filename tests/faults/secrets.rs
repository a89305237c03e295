//! Secrets, and who may see them.

use crate::case::Case;

pub(crate) const CASES: &[Case] = &[
    Case::pending(
        "X08",
        "encrypted bundle: wrong key, cut, flipped",
        ENCRYPTION,
    ),
    Case::pending(
        "X09",
        "plaintext on disk beside an encrypted bundle",
        ENCRYPTION,
    ),
];

const ENCRYPTION: &str = "encryption";
