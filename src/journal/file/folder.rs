//! The folder of a journal: made, locked, and measured.

use super::OpenError;
use crate::journal::Room;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What is kept free at the end: the smaller of this and a twentieth of the file system.
const RESERVE_BYTES: u64 = 64 << 20;
const RESERVE_PART: u64 = 20;

/// Whoever holds the lock on this file is the one process that may write.
pub(super) const LOCK: &str = "lock";

/// The entries.
pub(super) const DATABASE: &str = "journal.db";

/// How much there is, in bytes, for this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free.
    pub free: u64,
    /// In all.
    pub total: u64,
}

impl Space {
    /// Whether new input may still come in.
    pub fn room(self) -> Room {
        if self.free < self.reserve() { Room::Reserve } else { Room::Plenty }
    }

    /// How many bytes are left before the reserve.
    pub fn before_reserve(self) -> u64 {
        self.free.saturating_sub(self.reserve())
    }

    fn reserve(self) -> u64 {
        RESERVE_BYTES.min(self.total / RESERVE_PART)
    }
}

/// The space on the file system that `folder` lies on. Without a free inode nothing is free.
///
/// # Errors
/// The file system does not say.
pub fn space(folder: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(folder)?;
    let inodes_left = found.f_files == 0 || found.f_favail > 0;
    let free = if inodes_left { found.f_bavail.saturating_mul(found.f_frsize) } else { 0 };
    Ok(Space { free, total: found.f_blocks.saturating_mul(found.f_frsize) })
}

/// A folder that belongs to this process as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if only its last part is missing, and takes the lock, or fails at once.
    pub(super) fn claim(path: &Path) -> Result<Folder, OpenError> {
        let unusable = |source| OpenError::Folder { path: path.to_owned(), source };
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {
                sync_folder(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
                    .map_err(unusable)?
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unusable(error)),
        }
        let lock = private(&path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

/// Opens a file for writing, made with mode 0600 if it is not there.
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Makes what was created, renamed or removed in a folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_the_smaller_of_64_mib_and_5_percent() {
        let gib = 1 << 30;
        for (free, total, room, left) in [
            (64 << 20, 100 * gib, Room::Plenty, 0),
            (100 * gib, 100 * gib, Room::Plenty, 100 * gib - (64 << 20)),
            ((64 << 20) - 1, 100 * gib, Room::Reserve, 0),
            (6 << 20, 100 << 20, Room::Plenty, 1 << 20),
            (4 << 20, 100 << 20, Room::Reserve, 0),
            (0, gib, Room::Reserve, 0),
        ] {
            let space = Space { free, total };
            assert_eq!((space.room(), space.before_reserve()), (room, left), "{free} of {total}");
        }
    }

    #[test]
    fn the_real_file_system_tells_its_space() {
        let folder = tempfile::tempdir().unwrap();
        let space = space(folder.path()).unwrap();
        assert!(space.total > 0 && space.free <= space.total, "{space:?}");
    }
}
