//! Accepted records that people check, to see how many have a wrong value.

use serde::Serialize;
use sqlx::FromRow;

use super::database::Store;

/// Machine-accepted records of the documents in the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, FromRow)]
pub struct SampleCounts {
    #[sqlx(try_from = "i64")]
    pub records: u64,
    /// Of these, those that a person approved or corrected.
    #[sqlx(try_from = "i64")]
    pub checked: u64,
    /// Of these, those of which the person changed a value.
    #[sqlx(try_from = "i64")]
    pub wrong: u64,
}

/// Document hashes whose first eight digits sort before this are in the sample: a
/// larger share adds documents and removes none.
pub(super) fn end_of_sample(share: f64) -> String {
    match share < 1.0 {
        true => format!("{:08x}", (share.max(0.0) * 4_294_967_296.0) as u64),
        // After every digit.
        false => "g".to_owned(),
    }
}

/// The record `r` was accepted without a person, and its document is in the sample
/// that ends at `?2`.
macro_rules! sampled {
    () => {
        "r.status = 'accepted'
         AND (SELECT substr(blake3, 1, 8) FROM documents WHERE id = r.document_id) < ?2
         AND NOT EXISTS (SELECT 1 FROM record_changes WHERE made_record_id = r.id)"
    };
}
pub(super) use sampled;

impl Store {
    /// `share`: the setting `review.sample_share`.
    pub async fn sample_counts(&self, share: f64) -> anyhow::Result<SampleCounts> {
        let counts = sqlx::query_as(concat!(
            "SELECT count(*) AS records, count(*) FILTER (WHERE is_checked) AS checked,
                count(*) FILTER (WHERE is_wrong) AS wrong
             FROM (SELECT r.current,
                    EXISTS (SELECT 1 FROM record_changes WHERE record_id = r.id) AS is_checked,
                    EXISTS (SELECT 1 FROM record_changes c WHERE c.record_id = r.id
                        AND c.field IS NOT NULL AND c.before <> c.after) AS is_wrong
                FROM records r WHERE ?1 AND ",
            sampled!(),
            ") WHERE current = 1 OR is_checked"
        ));
        let counts = counts.bind(share > 0.0).bind(end_of_sample(share));
        Ok(counts.fetch_one(&self.pool).await?)
    }
}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
