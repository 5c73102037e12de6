//! What commands read without a daemon: the configuration, with references that belong to no journal.

use super::{ConfigFiles, Exit};
use crate::config::{self, Config, Diagnostics};
use crate::deliver;
use std::io::IsTerminal;
use std::path::Path;

/// References made without a journal; they are shown to nobody outside.
const NO_JOURNAL: [u8; 32] = [0; 32];

/// Reads the configuration.
pub fn read(files: &ConfigFiles) -> Result<Config, Diagnostics> {
    config::load(&files.config, NO_JOURNAL, deliver::kinds())
}

/// Reads a configuration from one file with all that it includes.
pub fn read_file(path: &Path) -> Result<Config, Diagnostics> {
    config::load(&[path.to_owned()], NO_JOURNAL, deliver::kinds())
}

/// Reads a configuration from the names and texts of its files.
pub fn from_texts(files: &[(Box<str>, Box<str>)]) -> Result<Config, Diagnostics> {
    config::from_texts(files, NO_JOURNAL, deliver::kinds())
}

/// Reads the configuration, or shows its mistakes.
pub fn read_or_show(files: &ConfigFiles) -> Result<Config, Exit> {
    read(files).map_err(|mistakes| {
        eprint!("{}", mistakes.render(std::io::stderr().is_terminal()));
        Exit::Configuration
    })
}
