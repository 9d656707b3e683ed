//! Records that two people must approve: of much money, or of a seller or an account
//! that nobody approved before.

use super::database::Store;
use crate::domain::{Decision, Facts, Finding, FindingCode, Record, Status, SupplierCard};

/// Who approved the record `r`.
macro_rules! first_approver {
    () => {
        "(SELECT changed_by FROM record_changes WHERE made_record_id = r.id AND decision = 'approved'
            ORDER BY id DESC LIMIT 1)"
    };
}
pub(super) use first_approver;

/// Units of [`Facts::total_units`] in one unit of a currency.
const UNITS: u64 = 10_000;

/// Why two people must approve the record; `None`: one is enough. `from`: the
/// setting `review.second_approval_from`. `card`: of its seller.
pub(super) fn required(
    from: Option<u64>,
    record: &Record,
    card: Option<&SupplierCard>,
) -> Option<Finding> {
    let from = from?;
    let facts = Facts::of(&record.fields);
    let mut reasons = Vec::new();
    let total = facts.total_units().unwrap_or(0).unsigned_abs();
    if total >= from.saturating_mul(UNITS) {
        let total = facts.total_text();
        reasons.push(format!("its total of {total} is {from} or more"));
    }
    match card {
        None if record.fields.contains_key("seller_name") => {
            reasons.push("its seller was not approved before".to_owned());
        }
        Some(card) if card.is_other_account(&record.fields) => {
            reasons.push("its IBAN is none that was approved of this seller".to_owned());
        }
        _ => {}
    }
    (!reasons.is_empty()).then(|| {
        let message = format!("two people must approve it: {}", reasons.join("; "));
        Finding::new(FindingCode::SecondApproval, None, message)
    })
}

/// What a person's correction makes of the status of `new`, which takes the place of a
/// record of status `old`. `from`, `card`: as for [`required`]. Returns the decision for
/// the history; `None`: only values were changed.
pub(super) fn settle(
    old: Status,
    new: &mut Record,
    approval: Option<Approval>,
    from: Option<u64>,
    card: Option<&SupplierCard>,
) -> Option<Decision> {
    if new.status == Status::Accepted {
        let is_other = |finding: &Finding| finding.code != FindingCode::SecondApproval;
        new.findings.retain(is_other);
        if old == Status::NeedsSecondApproval && approval == Some(Approval::Unchanged) {
            return Some(Decision::SecondApproval);
        }
        if let Some(finding) = required(from, new, card) {
            new.findings.push(finding);
            new.status = match approval {
                Some(_) => Status::NeedsSecondApproval,
                None => Status::NeedsReview,
            };
        }
    }
    approval.map(|_| Decision::Approved)
}

/// How a person approves a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// As it is.
    Unchanged,
    /// With changes of the same person.
    Changed,
}

impl Store {
    /// Who approved the current record that another person must approve as well.
    pub async fn first_approver(&self, record: i64) -> anyhow::Result<Option<String>> {
        let approver = sqlx::query_scalar(concat!(
            "SELECT ",
            first_approver!(),
            " FROM records r WHERE r.id = ? AND r.current = 1 AND r.status = 'needs_second_approval'"
        ));
        let approver = approver.bind(record).fetch_optional(&self.pool).await?;
        Ok(approver.flatten())
    }
}

#[cfg(test)]
#[path = "second_approval_tests.rs"]
mod tests;
