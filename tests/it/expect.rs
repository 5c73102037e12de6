//! Generated pages: a stale one fails, and `UPDATE_EXPECT=1` writes it again (`make docs`).

use std::path::Path;

/// Demands that the file at `path`, seen from the root of the repository, holds `wanted`. Tests that call this have
/// `generated` in their names: that is how `make docs` finds them.
pub fn file(path: &str, wanted: &str) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        return std::fs::write(full, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&full).unwrap_or_default();
    let differs = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    let line = differs.unwrap_or_else(|| found.lines().count().min(wanted.lines().count())) + 1;
    assert!(
        found == wanted,
        "{path}:{line} is stale: `make docs` writes it again\n found: {}\nwanted: {}",
        found.lines().nth(line - 1).unwrap_or("nothing"),
        wanted.lines().nth(line - 1).unwrap_or("nothing"),
    );
}
