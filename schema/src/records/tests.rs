//! Rows of every record type, with values made at random from their declarations, travel as frames and come back as they
//! were.

use proptest::prelude::*;
use serde::de::value::Error as ValueError;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::*;
use crate::frame;
use crate::table::{Binder, Table};
use crate::tables::{RecordTables, TABLES, each_record_table};

/// Gives whatever a type asks for: a seeded source of random values, with the extremes among them.
struct Anything(u64);

impl Anything {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Small ones, large ones and those on the edges of the encoding's lengths.
    fn number(&mut self) -> u64 {
        match self.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => 249 + self.below(8),
            3 => 65_530 + self.below(12),
            4 => u64::from(u32::MAX) - 4 + self.below(8),
            5 => i64::MAX.cast_unsigned(),
            _ => self.next() >> self.below(64),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = match self.below(8) {
            0 => 0,
            1 => 200 + self.below(200),
            2 => 65_530 + self.below(12),
            _ => self.below(40),
        };
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

macro_rules! numbers {
    ($($method:ident: $visit:ident, $type:ty);+ $(;)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            let bytes = self.number().to_le_bytes();
            let value = <$type>::from_le_bytes(*bytes.first_chunk().unwrap());
            visitor.$visit(value)
        }
    )+};
}

impl<'de> de::Deserializer<'de> for &mut Anything {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ValueError> {
        Err(de::Error::custom("no record type asks for this"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_bool(self.below(2) == 0)
    }

    numbers! {
        deserialize_u8: visit_u8, u8;
        deserialize_u16: visit_u16, u16;
        deserialize_u32: visit_u32, u32;
        deserialize_i8: visit_i8, i8;
        deserialize_i16: visit_i16, i16;
        deserialize_i32: visit_i32, i32;
        deserialize_i64: visit_i64, i64;
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u64(self.number())
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_byte_buf(self.bytes())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.below(4) == 0 {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_seq(Fields {
            left: fields.len(),
            values: self,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let count = u64::try_from(variants.len()).unwrap();
        let variant = u32::try_from(self.below(count)).unwrap();
        visitor.visit_enum(IntoDeserializer::<ValueError>::into_deserializer(variant))
    }

    serde::forward_to_deserialize_any! {
        f32 f64 char str string byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Fields<'a> {
    left: usize,
    values: &'a mut Anything,
}

impl<'de> de::SeqAccess<'de> for Fields<'_> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValueError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.values).map(Some)
    }
}

/// All columns of a row, told apart from each other.
#[derive(Default, PartialEq, Debug)]
struct Values(Vec<Option<Result<i64, Vec<u8>>>>);

impl Binder for Values {
    fn int(&mut self, value: i64) {
        self.0.push(Some(Ok(value)));
    }
    fn text(&mut self, value: &[u8]) {
        self.0.push(Some(Err(value.to_vec())));
    }
    fn null(&mut self) {
        self.0.push(None);
    }
}

fn values<R: Row>(row: &R) -> Values {
    let mut values = Values::default();
    row.bind(&mut values);
    values
}

struct RoundTrip {
    anything: Anything,
    seen: Vec<&'static str>,
}

impl RecordTables for RoundTrip {
    fn table<T: Table>(&mut self) {
        use serde::Deserialize as _;
        let table = <T::Row<'_> as Row>::TABLE;
        let rows: Vec<T::Row<'_>> = (0..3)
            .map(|_| T::Row::deserialize(&mut self.anything).unwrap())
            .collect();
        let mut bytes = Vec::new();
        for row in &rows {
            frame::write(&mut bytes, row).unwrap();
        }
        let mut rest = bytes.as_slice();
        for row in &rows {
            let frame = frame::next(&mut rest).unwrap().unwrap();
            let read: T::Row<'_> = frame::decode(frame).unwrap();
            assert_eq!(values(&read), values(row), "{}", table.name);
            assert_eq!(values(&read).0.len(), table.columns.len());
            // No beginning of a row is a row, and nothing may follow one.
            let cut = frame.get(..frame.len() - 1).unwrap();
            assert!(frame::decode::<T::Row<'_>>(cut).is_err(), "{}", table.name);
            let long = [frame, &[0]].concat();
            assert!(
                frame::decode::<T::Row<'_>>(&long).is_err(),
                "{}",
                table.name
            );
        }
        assert!(rest.is_empty());
        self.seen.push(table.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_record_comes_back(seed in 1_u64..) {
        let mut types = RoundTrip { anything: Anything(seed), seen: Vec::new() };
        types.table::<ProcessLink<'static>>();
        types.table::<FdLink<'static>>();
        types.table::<ThreadStat<'static>>();
        types.table::<NamespaceStandIn<'static>>();
        types.table::<UncertainProcess<'static>>();
        types.table::<FileSystemStat<'static>>();
        types.table::<HistoryFile<'static>>();
        types.table::<FoundLog<'static>>();
        types.table::<FoundConfig<'static>>();
        each_record_table(&mut types);
        let travelling = TABLES.iter().filter(|table| table.sources.contains(&Source::Record));
        let expected: Vec<_> = RECORDS.iter().chain(travelling).map(|table| table.name).collect();
        prop_assert_eq!(types.seen, expected);
    }
}
