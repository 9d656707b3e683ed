//! Encodes and decodes the values of columns. A stored value that does not decode is an
//! error and never becomes a default.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{Sqlite, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, FromRow, Type};

use crate::domain::{Failure, Reading, Reason, Stage, StageSeconds};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Type)]
#[sqlx(transparent)]
pub struct RunId(pub i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Type)]
#[sqlx(transparent)]
pub struct DocumentId(pub i64);

/// A column with JSON text.
#[derive(Debug, Default)]
pub(super) struct JsonColumn<T>(pub T);

impl<T> Type<Sqlite> for JsonColumn<T> {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(ty)
    }
}

impl<'r, T: DeserializeOwned> Decode<'r, Sqlite> for JsonColumn<T> {
    fn decode(value: SqliteValueRef<'r>) -> Result<JsonColumn<T>, BoxDynError> {
        let text = <&str as Decode<Sqlite>>::decode(value)?;
        Ok(JsonColumn(serde_json::from_str(text)?))
    }
}

/// A column with the name of a variant.
#[derive(Debug)]
pub(super) struct NameColumn<T>(pub T);

impl<T> Type<Sqlite> for NameColumn<T> {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(ty)
    }
}

impl<'r, T: FromStr> Decode<'r, Sqlite> for NameColumn<T> {
    fn decode(value: SqliteValueRef<'r>) -> Result<NameColumn<T>, BoxDynError> {
        let text = <&str as Decode<Sqlite>>::decode(value)?;
        let known = text.parse().map(NameColumn);
        known.map_err(|_| format!("the database holds the unknown name `{text}`").into())
    }
}

/// A column with a path's exact bytes.
#[derive(Debug)]
pub(super) struct PathColumn(pub PathBuf);

impl Type<Sqlite> for PathColumn {
    fn type_info() -> SqliteTypeInfo {
        <Vec<u8> as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <Vec<u8> as Type<Sqlite>>::compatible(ty)
    }
}

impl<'r> Decode<'r, Sqlite> for PathColumn {
    fn decode(value: SqliteValueRef<'r>) -> Result<PathColumn, BoxDynError> {
        let bytes = <Vec<u8> as Decode<Sqlite>>::decode(value)?;
        Ok(PathColumn(OsString::from_vec(bytes).into()))
    }
}

/// The bytes to bind for a path.
pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// The result of a reading: the columns `reading`, `raw_text`, `reason`, `message`.
#[derive(FromRow)]
pub(super) struct ResultColumns {
    reading: Option<JsonColumn<Reading>>,
    raw_text: Option<String>,
    reason: Option<NameColumn<Reason>>,
    message: Option<String>,
}

impl ResultColumns {
    pub fn into_result(self) -> Result<Option<Reading>, Failure> {
        match self.reason {
            None => Ok(self.reading.map(|JsonColumn(reading)| reading)),
            Some(NameColumn(reason)) => Err(Failure {
                reason,
                message: self.message.unwrap_or_default(),
                raw_text: self.raw_text,
                usage: None,
            }),
        }
    }
}

/// The seconds of a reading by stage, one column each.
#[derive(FromRow)]
pub(super) struct StageColumns {
    rasterize_seconds: Option<f64>,
    route_seconds: Option<f64>,
    ocr_seconds: Option<f64>,
    read_seconds: Option<f64>,
}

impl From<StageColumns> for StageSeconds {
    fn from(columns: StageColumns) -> StageSeconds {
        let seconds = [
            (Stage::Rasterize, columns.rasterize_seconds),
            (Stage::Route, columns.route_seconds),
            (Stage::Ocr, columns.ocr_seconds),
            (Stage::Read, columns.read_seconds),
        ];
        let entered = seconds.into_iter();
        entered
            .filter_map(|(stage, seconds)| Some((stage, seconds?)))
            .collect()
    }
}

/// The wall-clock time in Unix milliseconds.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
