//! Gives libFuzzer's inputs to the parser named by `HISCMCL_FUZZ`.
#![no_main]

use std::sync::LazyLock;

use hiscmcl_fuzz::parsers::{PARSERS, Sandbox};
use libfuzzer_sys::fuzz_target;

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    // libFuzzer's hook ends the process at every panic, also at those inside the HDF5 library, which the application
    // catches and reports. Panics that nobody catches still end the process as findings.
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let name = std::env::var("HISCMCL_FUZZ").unwrap_or_default();
    let Some(parser) = PARSERS.iter().find(|p| p.name == name) else {
        let names: Vec<&str> = PARSERS.iter().map(|p| p.name).collect();
        eprintln!("HISCMCL_FUZZ must name a parser, one of {}.", names.join(", "));
        std::process::exit(2);
    };
    Sandbox::new(parser)
});

fuzz_target!(|bytes: &[u8]| {
    SANDBOX.read(bytes);
});
