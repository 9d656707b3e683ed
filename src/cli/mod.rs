//! The command line: one file per subcommand, and the only module that prints.
//!
//! Results go to stdout, logs and progress to stderr.

mod app;
mod ask;
mod bench;
mod calibrate;
mod completions;
mod config;
mod correct;
mod correct_others;
mod decide;
mod doctor;
mod duplicates;
mod eval;
mod exit;
mod export;
mod forget;
mod gallery;
mod known;
mod layouts;
mod logging;
mod man;
mod metrics;
mod models;
mod output;
mod progress;
mod quality;
mod report;
mod retry;
mod review;
mod run;
mod search;
mod settings;
mod show;
mod signals;
mod similar;
mod status;
mod summary;
mod suppliers;
mod tokens;
mod types;
mod user;
mod users;
mod waiting;
mod watch;
mod webhooks;
mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use app::App;
use exit::ExitStatus;
use output::Out;
use settings::Global;

const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    some pages or files failed, or the command failed
  2    the command line or a setting is wrong, or names something that does not exist
  3    all pages were read, some records need review
  75   try again later (database locked, disk full, another run reads the files)
  130  interrupted";

/// Extract validated records from scanned receipts, invoices and screenshots
#[derive(Parser)]
#[command(name = "docmill", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::RunArgs),
    Watch(watch::WatchArgs),
    Status(status::StatusArgs),
    Report(report::ReportArgs),
    Show(show::ShowArgs),
    Search(search::SearchArgs),
    Similar(similar::SimilarArgs),
    Duplicates(duplicates::DuplicatesArgs),
    Layouts(layouts::LayoutsArgs),
    Gallery(gallery::GalleryArgs),
    Quality(quality::QualityArgs),
    Retry(retry::RetryArgs),
    Review(review::ReviewArgs),
    Correct(correct::CorrectArgs),
    Decide(decide::DecideArgs),
    Suppliers(suppliers::SuppliersArgs),
    Tokens(tokens::TokensArgs),
    Users(users::UsersArgs),
    Webhooks(webhooks::WebhooksArgs),
    Export(export::ExportArgs),
    Forget(forget::ForgetArgs),
    Eval(eval::EvalArgs),
    Calibrate(calibrate::CalibrateArgs),
    Doctor(doctor::DoctorArgs),
    Config(config::ConfigArgs),
    Ask(ask::AskArgs),
    Models(models::ModelsArgs),
    Bench(bench::BenchArgs),
    Types(types::TypesArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
}

/// Parses the command line and runs the command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let verbose = cli.global.verbose > 0;
    match cli.dispatch() {
        Ok(status) => ExitCode::from(status.number()),
        Err(error) => exit::report(&error, verbose),
    }
}

impl Cli {
    fn dispatch(self) -> anyhow::Result<ExitStatus> {
        // These need neither settings nor a runtime.
        match &self.command {
            Command::Worker(command) => return command.run(),
            Command::Completions(command) => return command.run(&mut Cli::command()),
            Command::Man(command) => return command.run(Cli::command()),
            _ => {}
        }
        let progress = progress::Progress::new(self.global.wants_progress());
        logging::init(&self.global, &progress);
        let resolved = self.global.resolve(self.command.engines())?;
        let db = resolved.settings.db.clone();
        let has_own_db = matches!(
            self.command,
            Command::Bench(_) | Command::Eval(_) | Command::Calibrate(_)
        );
        let app = App {
            resolved,
            out: Out::stdout(),
            progress,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(self.command.run(app));
        // A blocking read of a hung file system must not delay the exit.
        runtime.shutdown_background();
        match has_own_db {
            true => outcome,
            false => outcome.map_err(|error| exit::explain(error, &db)),
        }
    }
}

impl Command {
    fn engines(&self) -> Option<&settings::EngineFlags> {
        match self {
            Command::Run(command) => Some(&command.engines),
            Command::Watch(command) => Some(&command.engines),
            Command::Retry(command) => Some(&command.engines),
            Command::Doctor(command) => Some(&command.engines),
            Command::Config(command) => Some(&command.engines),
            Command::Ask(command) => Some(&command.engines),
            Command::Bench(command) => Some(&command.engines),
            Command::Eval(command) => Some(&command.known.engines),
            Command::Calibrate(command) => Some(&command.known.engines),
            _ => None,
        }
    }

    async fn run(self, app: App) -> anyhow::Result<ExitStatus> {
        match self {
            Command::Run(command) => command.run(app).await,
            Command::Watch(command) => command.run(app).await,
            Command::Status(command) => command.run(app).await,
            Command::Report(command) => command.run(app).await,
            Command::Show(command) => command.run(app).await,
            Command::Search(command) => command.run(app).await,
            Command::Similar(command) => command.run(app).await,
            Command::Duplicates(command) => command.run(app).await,
            Command::Layouts(command) => command.run(app).await,
            Command::Gallery(command) => command.run(app).await,
            Command::Quality(command) => command.run(app).await,
            Command::Retry(command) => command.run(app).await,
            Command::Review(command) => command.run(app).await,
            Command::Correct(command) => command.run(app).await,
            Command::Decide(command) => command.run(app).await,
            Command::Suppliers(command) => command.run(app).await,
            Command::Tokens(command) => command.run(app).await,
            Command::Users(command) => command.run(app).await,
            Command::Webhooks(command) => command.run(app).await,
            Command::Export(command) => command.run(app).await,
            Command::Forget(command) => command.run(app).await,
            Command::Eval(command) => command.run(app).await,
            Command::Calibrate(command) => command.run(app).await,
            Command::Doctor(command) => command.run(app).await,
            Command::Config(command) => command.run(app),
            Command::Ask(command) => command.run(app).await,
            Command::Models(command) => command.run(app),
            Command::Bench(command) => command.run(app).await,
            Command::Types(command) => command.run(app),
            Command::Completions(command) => command.run(&mut Cli::command()),
            Command::Man(command) => command.run(Cli::command()),
            Command::Worker(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
