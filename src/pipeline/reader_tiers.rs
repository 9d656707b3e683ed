//! The readers during a run: which are available, and the rest of the budget for
//! escalations.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use super::run_context::RunContext;
use crate::domain::{Failure, Reason};
use crate::store::RunId;

/// Outages in a row after which a reader is disabled for the rest of the run.
const MAX_OUTAGES: u32 = 3;

pub(super) struct ReaderTiers {
    context: Arc<RunContext>,
    /// The first run whose escalations count towards the budget.
    pub since: RunId,
    is_exhausted: AtomicBool,
    tiers: Vec<TierState>,
}

#[derive(Default)]
struct TierState {
    is_disabled: AtomicBool,
    outages: AtomicU32,
    /// Cost of the most expensive page, expected for the next one.
    max_page_cost: Mutex<f64>,
    in_flight: AtomicU32,
}

/// A page in progress at a reader.
pub(super) struct InFlightGuard {
    tiers: Arc<ReaderTiers>,
    tier: usize,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.tiers.tiers[self.tier]
            .in_flight
            .fetch_sub(1, Ordering::Relaxed);
    }
}

impl ReaderTiers {
    pub fn new(context: Arc<RunContext>, since: RunId) -> ReaderTiers {
        let tiers = context.plan().tiers.iter();
        ReaderTiers {
            since,
            is_exhausted: AtomicBool::new(false),
            tiers: tiers.map(|_| TierState::default()).collect(),
            context,
        }
    }

    pub fn is_available(&self, tier: usize) -> bool {
        !self.tiers[tier].is_disabled.load(Ordering::Relaxed)
    }

    /// Whether the budget for escalations is used up.
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted.load(Ordering::Relaxed)
    }

    /// Whether another page of this reader is within the budget.
    pub async fn can_afford(&self, tier: usize) -> anyhow::Result<bool> {
        let reader = &self.context.plan().tiers[tier].reader;
        let Some(currency) = reader.price.as_ref().map(|price| &price.currency) else {
            return Ok(true);
        };
        let most = self.context.settings().escalation.max_cost;
        let state = &self.tiers[tier];
        let max_page_cost = *state.max_page_cost.lock().expect("no panic while held");
        let in_flight = f64::from(state.in_flight.load(Ordering::Relaxed));
        let spent = self.context.store.escalation_cost(self.since).await?;
        let fits = spent + (in_flight + 1.0) * max_page_cost <= most && spent < most;
        if !fits {
            self.report_exhausted(&format!("escalation.max_cost = {most} {currency}"));
        }
        Ok(fits)
    }

    /// Reports the exhausted budget, once.
    pub fn report_exhausted(&self, budget: &str) {
        if !self.is_exhausted.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the budget for stronger readers is exhausted ({budget}): further pages stay in review"
            );
            let budget = Some(budget.to_owned());
            self.context.count(|stats| stats.exhausted_budget = budget);
        }
    }

    /// Counts a page as in progress at this reader; `None`: the reader is disabled, or the
    /// page is not within the budget.
    pub async fn acquire(self: &Arc<Self>, tier: usize) -> anyhow::Result<Option<InFlightGuard>> {
        if tier > 0 && !(self.is_available(tier) && self.can_afford(tier).await?) {
            return Ok(None);
        }
        self.tiers[tier].in_flight.fetch_add(1, Ordering::Relaxed);
        Ok(Some(InFlightGuard {
            tiers: self.clone(),
            tier,
        }))
    }

    /// Records an attempt's outcome. A reader is disabled after [`MAX_OUTAGES`] outages in
    /// a row.
    pub fn note_outcome(&self, tier: usize, failure: Option<&Failure>, cost: Option<f64>) {
        let state = &self.tiers[tier];
        if let Some(cost) = cost {
            let mut most = state.max_page_cost.lock().expect("no panic while held");
            *most = most.max(cost);
        }
        let Some(failure) = failure.filter(|failure| failure.reason.is_outage()) else {
            return state.outages.store(0, Ordering::Relaxed);
        };
        let outages = state.outages.fetch_add(1, Ordering::Relaxed) + 1;
        let disable = failure.reason == Reason::ReaderMisconfigured || outages >= MAX_OUTAGES;
        if disable && !state.is_disabled.swap(true, Ordering::Relaxed) {
            let reader = self.context.plan().tiers[tier].reader.name.as_str();
            tracing::error!(reader, "disabled for this run: {}", failure.message);
            let why = failure.message.clone();
            self.context.count(|stats| {
                stats.unavailable_readers.insert(reader.to_owned(), why);
            });
        }
    }
}
