//! A progress bar on stderr, if that is a terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Draws nothing unless stderr is a terminal.
pub struct Progress {
    bars: MultiProgress,
    pages: ProgressBar,
}

impl Progress {
    pub fn new(wanted: bool) -> Progress {
        let target = match wanted {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Progress {
            bars: MultiProgress::with_draw_target(target),
            pages: ProgressBar::hidden(),
        }
    }

    pub fn bars(&self) -> MultiProgress {
        self.bars.clone()
    }

    pub fn start(&mut self) {
        let style = ProgressStyle::with_template(
            "{spinner} {wide_bar} {pos}/{len} pages  {per_sec}  {eta} left",
        );
        self.pages = self.bars.add(ProgressBar::new(0));
        self.pages
            .set_style(style.expect("the progress style is right"));
        self.pages.enable_steady_tick(Duration::from_millis(200));
    }

    /// Adds waiting pages.
    pub fn expect(&self, pages: u64) {
        self.pages.inc_length(pages);
    }

    /// Sets the number of pages that are waiting or in progress.
    pub fn remaining(&self, pages: u64) {
        self.pages.set_length(self.pages.position() + pages);
    }

    pub fn page_ended(&self) {
        self.pages.inc(1);
    }

    pub fn finish(&self) {
        self.pages.finish_and_clear();
    }
}
