//! Values as parts of an identity, and as text for people.

use std::collections::BTreeMap;

use crate::db::query::Value;

/// Longest value in a line, characters; the whole one is in the JSON.
const SHOWN: usize = 100;
/// Different values of one column that are kept of a group of rows.
const MOST_VALUES: usize = 8;

/// Appends a value to an identity, so that equal ones, and only those, have equal bytes, and numbers sort as numbers.
pub(super) fn encode(value: &Value<'_>, key: &mut Vec<u8>) {
    let mut bytes = |kind: u8, bytes: &[u8]| {
        key.push(kind);
        key.extend_from_slice(bytes);
    };
    match value {
        Value::Null => key.push(0),
        Value::Integer(value) => bytes(1, &(value.wrapping_add(i64::MIN)).to_be_bytes()),
        Value::Real(value) => bytes(2, &value.to_bits().to_be_bytes()),
        Value::Text(text) | Value::Blob(text) => {
            key.push(3);
            // A zero within does not end it.
            for byte in text.iter() {
                key.push(*byte);
                if *byte == 0 {
                    key.push(255);
                }
            }
            key.extend([0, 0]);
        }
    }
}

/// The identity of several values.
pub(super) fn identity<'v>(values: impl IntoIterator<Item = &'v Value<'static>>) -> Vec<u8> {
    let mut key = Vec::new();
    for value in values {
        encode(value, &mut key);
    }
    key
}

/// The different values among some, in their order, and no more than people read.
pub(super) fn distinct<'v>(
    values: impl IntoIterator<Item = &'v Value<'static>>,
) -> Vec<Value<'static>> {
    let mut keyed: Vec<(Vec<u8>, &Value<'static>)> = values
        .into_iter()
        .map(|value| (identity([value]), value))
        .collect();
    keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    keyed.dedup_by(|(one, _), (other, _)| one == other);
    let values = keyed.into_iter().map(|(_, value)| value.clone());
    values.take(MOST_VALUES).collect()
}

/// Takes out of two maps what both have, in the order of the keys.
pub(super) fn shared<K: Ord + Clone, V>(
    before: &mut BTreeMap<K, V>,
    after: &mut BTreeMap<K, V>,
) -> Vec<(K, V, V)> {
    let keys: Vec<K> = before
        .keys()
        .filter(|key| after.contains_key(*key))
        .cloned()
        .collect();
    let pairs = keys.into_iter().filter_map(|key| {
        let (one, other) = (before.remove(&key)?, after.remove(&key)?);
        Some((key, one, other))
    });
    pairs.collect()
}

/// A text as a value: a BLOB where it is no UTF-8, as in the tables.
pub(super) fn text(bytes: impl Into<Vec<u8>>) -> Value<'static> {
    let bytes: Vec<u8> = bytes.into();
    if std::str::from_utf8(&bytes).is_ok() {
        Value::Text(bytes.into())
    } else {
        Value::Blob(bytes.into())
    }
}

/// A value in a line, cut where it is long.
pub(super) fn shown(value: &Value<'_>) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) => schema::text::escaped(bytes).to_string(),
    };
    if text.chars().count() > SHOWN {
        let begin: String = text.chars().take(SHOWN).collect();
        format!("{begin}...")
    } else if text.is_empty() {
        "\"\"".to_owned()
    } else {
        text
    }
}

/// Several values in a line.
pub(super) fn listed(values: &[Value<'_>]) -> String {
    match values {
        [] => "none".to_owned(),
        values => values.iter().map(shown).collect::<Vec<_>>().join(", "),
    }
}

/// Two lists without what they begin and end with alike.
pub(super) fn differing_part<'v, T>(
    before: &'v [T],
    after: &'v [T],
    is_same: impl Fn(&T, &T) -> bool,
) -> [&'v [T]; 2] {
    let is_same = |(one, other): &(&T, &T)| is_same(one, other);
    let begin = before.iter().zip(after).take_while(is_same).count();
    let [before, after] = [before, after].map(|list| list.get(begin..).unwrap_or_default());
    let backwards = before.iter().rev().zip(after.iter().rev());
    let end = backwards.take_while(is_same).count();
    [before, after].map(|list| {
        let middle = list.len().saturating_sub(end);
        list.get(..middle).unwrap_or_default()
    })
}

/// One value for several: themselves where they are one, else a list for people.
pub(super) fn one(values: Vec<Value<'static>>) -> Value<'static> {
    match <[Value<'static>; 1]>::try_from(values) {
        Ok([value]) => value,
        Err(values) if values.is_empty() => Value::Null,
        Err(values) => text(listed(&values).into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_equal_where_values_are() {
        let values = [
            Value::Null,
            Value::Integer(-1),
            Value::Integer(0),
            Value::Integer(1 << 40),
            text(""),
            text("\0"),
            text("a"),
            text("a\0\0b"),
            text("b"),
        ];
        let keys: Vec<Vec<u8>> = values.iter().map(|value| identity([value])).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(distinct(&values).len(), MOST_VALUES);
        assert_eq!(distinct([&values[6], &values[6]]), [text("a")]);
        // What ends one value does not begin the next.
        assert_ne!(
            identity([&text("a"), &text("b")]),
            identity([&text("ab"), &text("")])
        );
    }
}
