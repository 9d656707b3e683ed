//! Corrections and approvals, as the page and programs send them.

use axum::Extension;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::caller::Caller;
use super::correction::{self, Edits};
use super::reply::{Answer, Done, Error, Json, reason, replaced};
use super::seeded::noticed;
use super::service::Shared;
use super::supplier::Offer;
use crate::documents::acceptance;
use crate::domain::{FindingCode, Status};
use crate::store::{Correction, FieldChange};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectRequest {
    #[serde(default)]
    edits: Edits,
    /// Whether the record is right with these edits: it is then accepted.
    approve: bool,
    /// May be empty where no check fails.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
}

/// A record that took the place of the corrected one.
#[derive(Serialize, ToSchema)]
pub struct CorrectAnswer {
    /// Its number.
    record: i64,
    status: Status,
    /// Exports of its pages that are not reversed.
    exported: Vec<ExportedIn>,
    /// Corrections that other waiting records of the supplier may need too.
    others: Vec<Offer>,
}

#[derive(Serialize, ToSchema)]
struct ExportedIn {
    batch: i64,
    target: String,
    /// The record that was exported.
    record: i64,
}

/// Correct a record, or approve it
///
/// The corrected record takes the place of this one and has a new number. 404 or 409: it was
/// replaced, or somebody has it open. 422: nothing was changed, because a value cannot be
/// used or a check fails and there is no reason.
#[utoipa::path(
    post,
    path = "/api/records/{id}/correct",
    tag = "review",
    params(("id" = i64, Path, description = "Number of the record.")),
    responses((status = 200, description = "The new record.", body = CorrectAnswer))
)]
pub async fn correct_record(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
    Json(decision): Json<CorrectRequest>,
) -> Answer<CorrectAnswer> {
    let (stored, seeded) = service.find_shown(id, &caller).await?;
    service.lock(id, &caller).await?;
    if decision.edits.is_empty() && !decision.approve {
        return Err(Error::Refused("Nothing was changed.".into()));
    }
    if decision.approve
        && correction::is_own_second(&service.store, id, &decision.edits, &caller.by).await?
    {
        return Err(correction::Refusal::ApprovedBefore.into());
    }
    let is_second = stored.record.status == Status::NeedsSecondApproval;
    if decision.approve && is_second && !caller.may_approve_second() {
        let why = "The second approval needs an approver.";
        return Err(Error::Forbidden(why.to_owned()));
    }
    let (doc_type, mut corrected) = service.apply(&stored, &decision.edits)?;
    let view = service.view(doc_type, &corrected);
    if let Some(why) = view.unusable {
        return Err(Error::Refused(why));
    }
    let reason = match reason(&decision.reason)? {
        "" if decision.approve && !view.failed.is_empty() => {
            let why = format!("A check fails: {}. Say why it is right.", view.failed[0]);
            return Err(Error::Refused(why));
        }
        "" => correction::REVIEWED,
        reason => reason,
    };
    let noticed = noticed(seeded.as_ref(), &corrected.record, decision.approve);
    service.end_seeded(seeded, noticed, &caller).await?;
    let made = corrected.store(
        &service.store,
        &stored,
        decision.approve,
        (&caller.by, reason),
        service.second_approval_from,
    );
    let made = made.await?.ok_or_else(replaced)?;
    service.store.unlock_reviews(&caller.session).await?;
    let exported =
        correction::exported_in(&service.store, &stored.blake3, &stored.record.pages).await?;
    let exported = exported.into_iter();
    let others = service.offers(doc_type, made);
    Ok(Json(CorrectAnswer {
        record: made,
        status: corrected.record.status,
        exported: exported
            .map(|(batch, target, record)| ExportedIn {
                batch,
                target,
                record,
            })
            .collect(),
        others: others.await?,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OthersRequest {
    /// A field that was corrected in the record.
    field: String,
}

/// Make a correction in the other waiting records of the supplier too
#[utoipa::path(
    post,
    path = "/api/records/{id}/correct-others",
    tag = "review",
    params(("id" = i64, Path, description = "Number of the corrected record.")),
    responses((status = 200, description = "How many were corrected.", body = Done))
)]
pub async fn correct_others(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
    Json(request): Json<OthersRequest>,
) -> Answer<Done> {
    let done = service.apply_to_others(id, &request.field, &caller).await?;
    Ok(Json(Done { done }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotDuplicateRequest {
    /// Number of the record that it is compared with.
    other: i64,
    #[serde(default)]
    reason: String,
}

/// A record that took the place of another one.
#[derive(Serialize, ToSchema)]
pub struct MadeRecord {
    /// Its number.
    record: i64,
    status: Status,
}

/// Decide that two records are two documents
#[utoipa::path(
    post,
    path = "/api/records/{id}/not-duplicate",
    tag = "review",
    params(("id" = i64, Path, description = "Number of the record with the finding `possible_duplicate`.")),
    responses((status = 200, description = "The record without the finding.", body = MadeRecord))
)]
pub async fn not_duplicate(
    State(service): Shared,
    Path(id): Path<i64>,
    Extension(caller): Extension<Caller>,
    Json(decision): Json<NotDuplicateRequest>,
) -> Answer<MadeRecord> {
    let stored = service.find(id).await?;
    let other = service.find(decision.other).await?;
    service.lock(id, &caller).await?;
    if stored.document_id == other.document_id {
        let why = format!("Records {id} and {} are of one file.", decision.other);
        return Err(Error::Refused(why));
    }
    let mut new = stored.record.clone();
    let is_duplicate = |code: FindingCode| code == FindingCode::PossibleDuplicate;
    let gone = stored.record.findings.iter().find(|f| is_duplicate(f.code));
    let Some(gone) = gone else {
        return Err(Error::Conflict("The record has no such finding.".into()));
    };
    new.findings.retain(|finding| !is_duplicate(finding.code));
    new.status = acceptance::status(&new.findings);
    let change = FieldChange {
        field: gone.code.as_str().to_owned(),
        before: gone.message.clone().into(),
        after: Value::Null,
    };
    let reason = match reason(&decision.reason)? {
        "" => "two documents",
        reason => reason,
    };
    let correction = Correction {
        changes: &[change],
        approve: false,
        by: &caller.by,
        reason,
        second_approval_from: service.second_approval_from,
    };
    let made = service
        .store
        .settle_not_duplicate(id, other.document_id, &mut new, correction);
    let made = made.await?.ok_or_else(replaced)?;
    Ok(Json(MadeRecord {
        record: made,
        status: new.status,
    }))
}
