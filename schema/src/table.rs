//! The declaration of a table, and what is derived from it.
//!
//! [`table!`](crate::table!) turns one declaration into the row's struct, its definition ([`TableDef`]) and its
//! binding to anything that takes columns ([`Binder`]). DDL, inserts, the capture plan, record headers, diff
//! identity, `analyze tables` and `TABLES.md` all come from the definition; nothing about a column is written twice.

use std::io::Write as _;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::source::Source;
use crate::text::{Text, hex_digits};

/// What a table is: its documentation, its columns, where its rows come from, and what makes two rows the same.
#[derive(Debug, Clone, Copy)]
pub struct TableDef {
    /// Name in SQL; osquery's where it has one.
    pub name: &'static str,
    /// What a row is and what the source does not show, from the declaration's doc comment, a line per element.
    pub doc: &'static [&'static str],
    /// Columns in the order they are bound.
    pub columns: &'static [ColumnDef],
    /// Where the rows come from.
    pub sources: &'static [Source],
    /// Columns that say two rows are the same object within one boot; empty where rows have no identity.
    pub key: &'static [&'static str],
    /// Columns that say two rows play the same role across restarts; empty where that is the same as `key`.
    pub logical_key: &'static [&'static str],
    /// Columns that count up while nothing changes.
    pub counters: &'static [&'static str],
    /// Columns that are never a difference.
    pub volatile: &'static [&'static str],
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct ColumnDef {
    /// Name in SQL.
    pub name: &'static str,
    /// Meaning, unit, source, and when it is missing, from the field's doc comment.
    pub doc: &'static [&'static str],
    /// Column type in a STRICT table.
    pub sql: &'static str,
    /// Type in a record, as the header of a record member writes it.
    pub layout: &'static str,
    /// Whether the column may be NULL.
    pub nullable: bool,
}

impl TableDef {
    /// Identifies the record layout of the table: FNV-1a over its name and the names and types of its columns.
    ///
    /// It is not a defence against anybody; it tells a reader that it does not know a layout before it decodes one.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        hash.write(self.name);
        for column in self.columns {
            hash.write(column.name);
            hash.write(column.layout);
        }
        hash.0
    }
}

struct Fnv(u64);

impl Fnv {
    fn write(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Anything that takes the columns of a row in order: a prepared statement, a JSON object, a hash.
pub trait Binder {
    /// Takes an INTEGER.
    fn int(&mut self, value: i64);
    /// Takes text of the host: TEXT when it is UTF-8 without NUL, else a BLOB of the exact bytes.
    fn text(&mut self, value: &[u8]);
    /// Takes NULL.
    fn null(&mut self);
}

/// A type that can be a column.
pub trait Column {
    /// Its type in a STRICT table.
    const SQL: &'static str;
    /// Its type in a record.
    const LAYOUT: &'static str;
    /// Whether it may be NULL.
    const NULLABLE: bool = false;
    /// Hands the value to a binder: exactly one call.
    fn bind<B: Binder>(&self, binder: &mut B);
}

/// A row of a table.
pub trait Row {
    /// The table's definition.
    const TABLE: TableDef;
    /// Hands all columns to a binder, in order.
    fn bind<B: Binder>(&self, binder: &mut B);
}

/// A table as a type, apart from the lifetime of the text in its rows.
pub trait Table: 'static {
    /// Its rows, borrowing from the bytes they were decoded from.
    type Row<'a>: Row + Serialize + Deserialize<'a>;
}

macro_rules! integer_columns {
    ($($type:ty => $layout:literal),+) => {$(
        impl Column for $type {
            const SQL: &'static str = "INTEGER";
            const LAYOUT: &'static str = $layout;
            fn bind<B: Binder>(&self, binder: &mut B) {
                binder.int(i64::from(*self));
            }
        }
    )+};
}

integer_columns!(bool => "bool", u8 => "u8", u16 => "u16", u32 => "u32", i8 => "i8", i16 => "i16", i32 => "i32", i64 => "i64");

/// INTEGER up to 2^63-1; above, the decimal digits as TEXT: exact in both forms, and equal values stay equal.
impl Column for u64 {
    const SQL: &'static str = "ANY";
    const LAYOUT: &'static str = "u64";
    fn bind<B: Binder>(&self, binder: &mut B) {
        match i64::try_from(*self) {
            Ok(value) => binder.int(value),
            Err(_) => binder.text(self.to_string().as_bytes()),
        }
    }
}

impl Column for Text<'_> {
    const SQL: &'static str = "ANY";
    const LAYOUT: &'static str = "bytes";
    fn bind<B: Binder>(&self, binder: &mut B) {
        binder.text(self.as_bytes());
    }
}

impl<T: Column> Column for Option<T> {
    const SQL: &'static str = T::SQL;
    const LAYOUT: &'static str = T::LAYOUT;
    const NULLABLE: bool = true;
    fn bind<B: Binder>(&self, binder: &mut B) {
        match self {
            Some(value) => value.bind(binder),
            None => binder.null(),
        }
    }
}

/// An unsigned 64-bit number that is a name, not an amount (an address, a cookie): 16 hex digits of TEXT.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Hex64(pub u64);

impl Column for Hex64 {
    const SQL: &'static str = "TEXT";
    const LAYOUT: &'static str = "u64";
    fn bind<B: Binder>(&self, binder: &mut B) {
        let digits = self.0.to_be_bytes().map(hex_digits);
        binder.text(digits.as_flattened());
    }
}

/// An IPv4 or IPv6 address as TEXT in the usual form; a v4-mapped IPv6 address keeps its `::ffff:` prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address(pub IpAddr);

impl Column for Address {
    const SQL: &'static str = "TEXT";
    const LAYOUT: &'static str = "address";
    fn bind<B: Binder>(&self, binder: &mut B) {
        // Long enough for the longest, so nothing is cut off.
        let mut text = [0; 64];
        let mut rest = text.as_mut_slice();
        let _ = write!(rest, "{}", self.0);
        let left = rest.len();
        binder.text(
            text.get(..text.len().saturating_sub(left))
                .unwrap_or_default(),
        );
    }
}

/// The SQL name of a field: its identifier without the `r#` that Rust needs where it is a keyword.
#[doc(hidden)]
pub const fn column_name(identifier: &'static str) -> &'static str {
    match identifier.as_bytes() {
        [b'r', b'#', name @ ..] => match std::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => identifier,
        },
        _ => identifier,
    }
}

/// Declares a table: the struct of a row, its definition and its binding.
///
/// A row has the lifetime `'a` where it holds text. Doc comments become the documentation in SQL, so they give
/// meaning, unit, source and when a value is missing. `type` is written `r#type`.
///
/// ```
/// use schema::{Source, Text};
///
/// schema::table! {
///     /// Average number of runnable tasks.
///     pub struct LoadAverage<'a> in "load_average" {
///         sources: [Source::Host("/proc/loadavg")],
///         key: [period],
///         volatile: [average],
///         /// Length of the average: `1m`, `5m` or `15m`.
///         period: Text<'a>,
///         /// The average in hundredths of a task.
///         average: u32,
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! table {
    ($(#[doc = $doc:literal])+ pub struct $name:ident<$lifetime:lifetime> in $table:literal { $($body:tt)+ }) => {
        // serde borrows `&[u8]` by itself but not our `Text`: the bound says that rows borrow from their input.
        $crate::table! { @declare [#[serde(bound(deserialize = "'de: 'a"))]] [$($doc),+] $name [<$lifetime>] $table $($body)+ }
        impl $crate::table::Table for $name<'static> {
            type Row<'b> = $name<'b>;
        }
    };
    ($(#[doc = $doc:literal])+ pub struct $name:ident in $table:literal { $($body:tt)+ }) => {
        $crate::table! { @declare [] [$($doc),+] $name [] $table $($body)+ }
        impl $crate::table::Table for $name {
            type Row<'b> = $name;
        }
    };
    (@declare [$($attribute:tt)*] [$($doc:literal),+] $name:ident [$($generics:tt)*] $table:literal
        sources: $sources:expr,
        $(key: [$($key:ident),* $(,)?],)?
        $(logical_key: [$($logical:ident),* $(,)?],)?
        $(counters: [$($counter:ident),* $(,)?],)?
        $(volatile: [$($volatile:ident),* $(,)?],)?
        $(
            $(#[doc = $column_doc:literal])+
            $column:ident: $type:ty
        ),+ $(,)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        $($attribute)*
        pub struct $name $($generics)* {
            $( $(#[doc = $column_doc])+ pub $column: $type, )+
        }

        impl $($generics)* $crate::table::Row for $name $($generics)* {
            const TABLE: $crate::table::TableDef = $crate::table::TableDef {
                name: $table,
                doc: &[$($doc),+],
                columns: &[$(
                    $crate::table::ColumnDef {
                        name: $crate::table::column_name(stringify!($column)),
                        doc: &[$($column_doc),+],
                        sql: <$type as $crate::table::Column>::SQL,
                        layout: <$type as $crate::table::Column>::LAYOUT,
                        nullable: <$type as $crate::table::Column>::NULLABLE,
                    }
                ),+],
                sources: &$sources,
                key: &[$($($crate::table::column_name(stringify!($key))),*)?],
                logical_key: &[$($($crate::table::column_name(stringify!($logical))),*)?],
                counters: &[$($($crate::table::column_name(stringify!($counter))),*)?],
                volatile: &[$($($crate::table::column_name(stringify!($volatile))),*)?],
            };

            fn bind<B: $crate::table::Binder>(&self, binder: &mut B) {
                $( $crate::table::Column::bind(&self.$column, binder); )+
            }
        }
    };
}
