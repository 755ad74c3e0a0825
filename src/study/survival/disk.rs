//! A disk in memory: what programs see of it, and what a loss of power leaves.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::registry::disk::watch::Kept;

/// What is lost of what was not put on the disk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Loss {
    /// All of it: names and content.
    Everything,
    /// Content: names were faster.
    Content,
    /// Half of the content.
    Half,
}

pub(super) const LOSSES: [Loss; 3] = [Loss::Everything, Loss::Content, Loss::Half];

/// A file or folder, as programs see it and as it is on the disk.
enum Node {
    File { now: Vec<u8>, synced: Vec<u8> },
    Folder { now: BTreeMap<OsString, usize>, synced: BTreeMap<OsString, usize> },
}

/// A disk of which node 0 is the watched folder.
pub(super) struct Disk(Vec<Node>);

impl Disk {
    pub(super) fn after(steps: &[Kept]) -> Self {
        let mut disk = Self(vec![Node::Folder { now: BTreeMap::new(), synced: BTreeMap::new() }]);
        steps.iter().for_each(|step| disk.take(step));
        disk
    }

    fn find(&self, path: &Path) -> Option<usize> {
        path.iter().try_fold(0, |at, name| match &self.0[at] {
            Node::Folder { now, .. } => now.get(name).copied(),
            Node::File { .. } => None,
        })
    }

    fn name(&mut self, path: &Path, node: Option<usize>) {
        let above = self.find(path.parent().expect("a name below the folder")).expect("its folder is there");
        let Node::Folder { now, .. } = &mut self.0[above] else { panic!("{} is in no folder", path.display()) };
        let name = path.file_name().expect("a name").to_owned();
        match node {
            Some(node) => now.insert(name, node),
            None => now.remove(&name),
        };
    }

    fn file(&mut self, path: &Path) -> (&mut Vec<u8>, &mut Vec<u8>) {
        let at = self.find(path).unwrap_or_else(|| panic!("{} is there", path.display()));
        match &mut self.0[at] {
            Node::File { now, synced } => (now, synced),
            Node::Folder { .. } => panic!("{} is a file", path.display()),
        }
    }

    fn take(&mut self, step: &Kept) {
        match step {
            Kept::Make(path, folder) => {
                if self.find(path).is_none() {
                    self.0.push(match folder {
                        true => Node::Folder { now: BTreeMap::new(), synced: BTreeMap::new() },
                        false => Node::File { now: Vec::new(), synced: Vec::new() },
                    });
                    self.name(path, Some(self.0.len() - 1));
                }
            }
            Kept::Write(path, bytes) => self.file(path).0.extend_from_slice(bytes),
            Kept::Cut(path, length) => self.file(path).0.truncate(*length as usize),
            Kept::Sync(path) => {
                let (now, synced) = self.file(path);
                synced.clone_from(now);
            }
            Kept::SyncFolder(path) => {
                if let Some(at) = self.find(path)
                    && let Node::Folder { now, synced } = &mut self.0[at]
                {
                    synced.clone_from(now);
                }
            }
            Kept::Rename(from, to) => {
                let node = self.find(from);
                self.name(from, None);
                self.name(to, node);
            }
            Kept::Remove(path) => {
                if self.find(path).is_some() {
                    self.name(path, None);
                }
            }
        }
    }

    /// Lays out in `folder` what is left of node `at`.
    pub(super) fn lay_out(&self, at: usize, loss: Loss, folder: &Path) {
        match &self.0[at] {
            Node::Folder { now, synced } => {
                fs::create_dir_all(folder).expect("made");
                let names = if matches!(loss, Loss::Everything) { synced } else { now };
                names.iter().for_each(|(name, node)| self.lay_out(*node, loss, &folder.join(name)));
            }
            Node::File { now, synced } => {
                let kept = match loss {
                    Loss::Half if now.starts_with(synced) => &now[..synced.len() + (now.len() - synced.len()) / 2],
                    _ => synced,
                };
                fs::write(folder, kept).expect("written");
            }
        }
    }
}
