use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::watch::Receiver;

use super::app::App;
use super::exit::ExitStatus;
use super::output;
use super::run::{self, ReportFlags};
use super::settings::EngineFlags;
use super::signals;
use crate::config::UsageError;
use crate::files::{self, Arrivals};
use crate::pipeline::RunRequest;
use crate::review::webhooks;
use crate::store::{Store, is_temporary};

/// Read what arrives in folders, until Ctrl+C or SIGTERM
///
/// Begins with what is there. Each new or changed file is read as by `docmill run`
/// once it has not been written for a while; files that were read before are not
/// read again. Sends events to webhooks.
#[derive(Args)]
pub struct WatchArgs {
    /// Folders
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Seconds without a change after which a file is read
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    settle: u64,
    /// Seconds between two looks where the system reports no changes, as on network
    /// mounts
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Read every page as this document type, without CLIP
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: Option<String>,
    /// Print each stored record as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    report: ReportFlags,
    #[command(flatten)]
    pub engines: EngineFlags,
}

impl WatchArgs {
    pub async fn run(self, mut app: App) -> anyhow::Result<ExitStatus> {
        run::check_paths(&self.folders)?;
        if let Some(file) = self.folders.iter().find(|folder| !folder.is_dir()) {
            let why = format!(
                "{} is not a folder: `docmill run` reads files",
                file.display()
            );
            return Err(UsageError(why).into());
        }
        run::check_type(app.settings(), self.doc_type.as_deref())?;
        // A wrong path must not be found out with the first file, hours later.
        let store = Store::open(&app.settings().db).await?;
        let mut stop = signals::stop()?;
        let watched = self.watch(&mut app, &mut stop);
        let ended = tokio::select! {
            ended = watched => ended,
            () = webhooks::deliver(store.clone()) => Ok(()),
        };
        store.close().await;
        ended?;
        Ok(ExitStatus::Success)
    }

    /// Reads what arrives until `stop` becomes true.
    async fn watch(&self, app: &mut App, stop: &mut Receiver<bool>) -> anyhow::Result<()> {
        let folders: Vec<_> = self.folders.iter().map(|f| files::absolute(f)).collect();
        let settle = Duration::from_secs(self.settle);
        let (mut changes, mut changed) = FolderChanges::new();
        let (mut arrivals, mut missing) = (Arrivals::default(), Vec::new());
        while !*stop.borrow() {
            changes.follow(&folders);
            // A hung file system must not block the signals.
            let (looked, database) = (folders.clone(), app.settings().db.clone());
            let look = tokio::task::spawn_blocking(move || files::look(&looked, &database));
            let seen = tokio::select! {
                seen = look => seen?,
                _ = stop.changed() => break,
            };
            report_missing(&missing, &seen.missing);
            changes.forget(&seen.missing);
            missing = seen.missing.clone();
            let files = arrivals.settled(seen, Instant::now(), settle);
            if !files.is_empty() && !self.read(app, &files, stop).await? {
                arrivals.put_back(&files);
            }
            let wait = match arrivals.is_waiting() {
                true => settle,
                false => Duration::from_secs(self.every),
            };
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(wait) => {}
                Some(()) = changed.recv(), if !arrivals.is_waiting() => {}
            }
        }
        Ok(())
    }

    /// `false`: it could not be done now, and is tried again.
    async fn read(
        &self,
        app: &mut App,
        files: &[PathBuf],
        stop: &Receiver<bool>,
    ) -> anyhow::Result<bool> {
        let request = RunRequest {
            paths: files.to_vec(),
            force: false,
            are_found: true,
            doc_type: self.doc_type.clone(),
        };
        let idle = "These files were read before.";
        match run::process(app, request, self.json, &self.report, idle, stop.clone()).await {
            Ok(_) => Ok(true),
            Err(error) if is_temporary(&error) => {
                tracing::warn!("{error:#}: trying again");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

fn report_missing(before: &[PathBuf], now: &[PathBuf]) {
    for folder in now.iter().filter(|folder| !before.contains(folder)) {
        let folder = output::short(folder);
        tracing::warn!("the folder {folder} is not there any more: waiting until it is back");
    }
    for folder in before.iter().filter(|folder| !now.contains(folder)) {
        tracing::info!("the folder {} is back", output::short(folder));
    }
}

/// Reports of changes by the system (inotify). Folders without them are looked at every
/// so often.
struct FolderChanges {
    watcher: Option<RecommendedWatcher>,
    /// Folders that were asked for, reported or not.
    followed: Vec<PathBuf>,
}

impl FolderChanges {
    /// Also returns where changes are reported; reports that nobody took are one.
    fn new() -> (FolderChanges, mpsc::Receiver<()>) {
        let (sender, receiver) = mpsc::channel(1);
        let watcher = watcher(sender);
        if let Err(error) = &watcher {
            tracing::warn!("the system reports no changes: {error}");
        }
        let changes = FolderChanges {
            watcher: watcher.ok(),
            followed: Vec::new(),
        };
        (changes, receiver)
    }

    /// Follows the folders that are there and are not followed yet.
    fn follow(&mut self, folders: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for folder in folders {
            if self.followed.contains(folder) || !folder.is_dir() {
                continue;
            }
            if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
                let folder = output::short(folder);
                tracing::warn!("the system reports no changes of {folder}: {error}");
            }
            self.followed.push(folder.clone());
        }
    }

    /// Folders that are not there: they are followed anew when they are back.
    fn forget(&mut self, missing: &[PathBuf]) {
        if let Some(watcher) = &mut self.watcher {
            for folder in missing {
                // The system may have ended it already.
                let _ = watcher.unwatch(folder);
            }
        }
        self.followed.retain(|folder| !missing.contains(folder));
    }
}

fn watcher(sender: Sender<()>) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Opening a folder to look at it is an event too.
        let is_change = |event: &Event| match event.kind {
            EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
            _ => true,
        };
        if event.as_ref().map_or(true, is_change) {
            // Full: a look follows anyway.
            let _ = sender.try_send(());
        }
    })
}
