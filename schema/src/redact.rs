//! The one choke point through which evidence passes before it is written.
