//! Times as the database has them, in Unix milliseconds, for files and people. All are
//! UTC. A time that no calendar has (after the year 9999) is shown as 1970.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Date and time of day.
pub fn utc(milliseconds: i64) -> DateTime {
    timestamp(milliseconds).to_zoned(TimeZone::UTC).datetime()
}

/// RFC 3339 with whole seconds: `2026-11-30T16:55:21Z`.
pub fn rfc3339(milliseconds: i64) -> String {
    of(timestamp(milliseconds))
}

/// Now, as [`rfc3339`].
pub fn now_rfc3339() -> String {
    of(Timestamp::now())
}

/// For tables: `2026-11-30 16:55`.
pub fn minute(milliseconds: i64) -> String {
    utc(milliseconds).strftime("%Y-%m-%d %H:%M").to_string()
}

/// For tables: `2026-11-30`.
pub fn day(milliseconds: i64) -> String {
    utc(milliseconds).date().to_string()
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

fn of(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_database_has_one_form_for_each_use() {
        let time = 1_796_057_721_234;
        assert_eq!(rfc3339(time), "2026-11-30T16:55:21Z");
        assert_eq!(minute(time), "2026-11-30 16:55");
        assert_eq!(day(time), "2026-11-30");
        assert_eq!(day(i64::MAX), "1970-01-01");
    }
}
