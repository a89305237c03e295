//! Limits that are inherited from whoever starts the capture and could spoil it.

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::sys;

/// Stack of the main thread: what Linux gives by default.
const STACK: u64 = 8 << 20;

/// Raises the limit of the main thread's stack, which grows as far as the limit of the moment. Where that is refused, the
/// stack may suffice all the same.
pub fn widen_stack() {
    let (current, maximum) = sys::stack_limits();
    if current.is_none_or(|bytes| bytes >= STACK) {
        return;
    }
    let wide = Rlimit {
        current: Some(STACK),
        maximum: maximum.map(|maximum| maximum.max(STACK)),
    };
    if setrlimit(Resource::Stack, wide).is_err() {
        let allowed = Rlimit {
            current: maximum,
            maximum,
        };
        let _ = setrlimit(Resource::Stack, allowed);
    }
}
