use clap::Args;

use super::App;
use super::exit::Outcome;
use super::settings::Engines;

/// Print the settings that hold, as TOML, with where each comes from
#[derive(Args)]
pub struct Config {
    #[command(flatten)]
    pub engines: Engines,
}

impl Config {
    pub fn run(self, mut app: App) -> anyhow::Result<Outcome> {
        let text = app.resolved.to_toml();
        app.out.line(text.trim_end())?;
        Ok(Outcome::Good)
    }
}
