//! `hiscmcl` opens the window; `hiscmcl COMMAND` runs the same jobs without one.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
