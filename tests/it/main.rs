//! docmill through its own binary, by behaviour. What needs the engines says
//! on stderr why it is skipped where they are missing.

mod architecture;
mod command_line;
mod context;
mod documents;
mod einvoices;
mod evaluation;
mod injection;
mod malformed;
mod pages;
mod privacy;
mod report;
mod resilience;
mod types;
