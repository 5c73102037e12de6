//! A small disk of its own for a journal, which can be filled, made read-only and enlarged; nobody else sees it.

use super::patience::wait;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A file system in memory, in a mount namespace that a process holds open; it ends with this value.
pub struct Disk {
    holder: Child,
    folder: PathBuf,
}

impl Disk {
    /// Mounts one of so many megabytes at a folder that exists.
    pub fn at(folder: &Path, megabytes: u32) -> Disk {
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m none \"$1\" && touch \"$1/.mounted\" && exec sleep 1000000"
        );
        let holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"])
            .arg(folder)
            .stdin(Stdio::null())
            .spawn()
            .expect("unshare is there");
        let disk = Disk { holder, folder: folder.to_owned() };
        wait("the disk is mounted", || disk.succeeds("test -e .mounted"));
        assert!(disk.succeeds("rm .mounted"));
        disk
    }

    /// What a command begins with to see the disk.
    pub fn within(&self) -> Vec<String> {
        let target = self.holder.id().to_string();
        ["nsenter", "--target", &target, "--user", "--mount", "--preserve-credentials", "--"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Runs a script in the disk's folder.
    fn succeeds(&self, script: &str) -> bool {
        let within = self.within();
        let inside = format!("cd {:?} && {script}", self.folder);
        let mut command = Command::new(&within[0]);
        command.args(&within[1..]).args(["sh", "-c", &inside]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// Leaves no room at all.
    pub fn fill(&self) {
        // It ends with "no space left", as it should.
        self.succeeds("cat /dev/zero > filler");
    }

    /// Gives the room back.
    pub fn empty(&self) {
        assert!(self.succeeds("rm filler"));
    }

    /// Mounts it again, larger or read-only.
    pub fn remount(&self, options: &str) {
        assert!(self.succeeds(&format!("mount -o remount,{options} {:?}", self.folder)));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
