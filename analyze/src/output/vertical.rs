//! A row as a list: a column's name and its value on each line.

use std::borrow::Cow;

use super::Output;
use crate::Error;
use crate::db::query::{Rows, Value};

/// Turns rows for an inner writer of two columns; what is NULL gets no line.
pub(super) struct Vertical<'w> {
    inner: Box<dyn Output + 'w>,
    names: Vec<String>,
}

impl<'w> Vertical<'w> {
    pub(super) fn new(inner: Box<dyn Output + 'w>) -> Self {
        Vertical {
            inner,
            names: Vec::new(),
        }
    }
}

impl Rows for Vertical<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        self.names = names.to_vec();
        self.inner.columns(&["item", "value"].map(str::to_owned))
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        for (name, value) in self.names.iter().zip(values) {
            if *value != Value::Null {
                let name = Value::Text(Cow::Borrowed(name.as_bytes()));
                self.inner.row(&[name, value.clone()])?;
            }
        }
        Ok(())
    }
}

impl Output for Vertical<'_> {
    fn finish(&mut self) -> Result<(), Error> {
        self.inner.finish()
    }
}
