//! Records that two people must approve: of much money, or of a seller or an account
//! that nobody approved before.

use std::collections::BTreeSet;

use sqlx::{Sqlite, Transaction};

use super::database::Store;
use crate::domain::{Decision, Facts, Finding, FindingCode, Record, Status, folded};

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
/// setting `review.second_approval_from`.
pub(super) async fn required(
    tx: &mut Transaction<'_, Sqlite>,
    from: Option<u64>,
    record: &Record,
) -> sqlx::Result<Option<Finding>> {
    let Some(from) = from else { return Ok(None) };
    let facts = Facts::of(&record.fields);
    let mut reasons = Vec::new();
    let total = facts.total_units().unwrap_or(0).unsigned_abs();
    if total >= from.saturating_mul(UNITS) {
        let total = facts.total_text();
        reasons.push(format!("its total of {total} is {from} or more"));
    }
    let text = |name: &str| record.fields.get(name).and_then(|value| value.as_str());
    if record.fields.contains_key("seller_name") {
        let accounts = match text("seller_name").map(folded) {
            Some(seller) if !seller.is_empty() => approved_accounts(tx, &seller).await?,
            _ => None,
        };
        match (accounts, text("iban").map(without_spaces)) {
            (None, _) => reasons.push("its seller was not approved before".to_owned()),
            (Some(known), Some(iban)) if !known.contains(&iban) => {
                reasons.push("its IBAN is none that was approved of this seller".to_owned());
            }
            (Some(_), _) => {}
        }
    }
    Ok((!reasons.is_empty()).then(|| {
        let message = format!("two people must approve it: {}", reasons.join("; "));
        Finding::new(FindingCode::SecondApproval, None, message)
    }))
}

/// The IBANs of the seller's approved records; `None`: it has no such record.
async fn approved_accounts(
    tx: &mut Transaction<'_, Sqlite>,
    seller: &str,
) -> sqlx::Result<Option<BTreeSet<String>>> {
    let ibans = sqlx::query_scalar::<_, Option<String>>(
        "SELECT DISTINCT json_extract(r.fields, '$.iban') FROM record_facts f JOIN records r ON r.id = f.record_id
         WHERE f.party = ? AND r.status = 'accepted' AND EXISTS
            (SELECT 1 FROM record_changes c WHERE c.made_record_id = r.id
                AND c.decision IN ('approved', 'second_approval'))",
    );
    let ibans = ibans.bind(seller).fetch_all(&mut **tx).await?;
    let known = ibans.iter().flatten().map(|iban| without_spaces(iban));
    Ok((!ibans.is_empty()).then(|| known.collect()))
}

fn without_spaces(iban: &str) -> String {
    let letters = iban.chars().filter(|letter| !letter.is_whitespace());
    letters.collect::<String>().to_uppercase()
}

/// What a person's correction makes of the status of `new`, which takes the place of a
/// record of status `old`. `from`: as for [`required`]. Returns the decision for the
/// history; `None`: only values were changed.
pub(super) async fn settle(
    tx: &mut Transaction<'_, Sqlite>,
    old: Status,
    new: &mut Record,
    approval: Option<Approval>,
    from: Option<u64>,
) -> sqlx::Result<Option<Decision>> {
    if new.status == Status::Accepted {
        let is_other = |finding: &Finding| finding.code != FindingCode::SecondApproval;
        new.findings.retain(is_other);
        if old == Status::NeedsSecondApproval && approval == Some(Approval::Unchanged) {
            return Ok(Some(Decision::SecondApproval));
        }
        if let Some(finding) = required(tx, from, new).await? {
            new.findings.push(finding);
            new.status = match approval {
                Some(_) => Status::NeedsSecondApproval,
                None => Status::NeedsReview,
            };
        }
    }
    Ok(approval.map(|_| Decision::Approved))
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
