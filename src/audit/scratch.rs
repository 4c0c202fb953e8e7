//! A folder for the trails of a test, and the key that signs their checkpoints.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::journal::Journal;
use super::{
    AuditError, Broken, Chain, Event, Head, Known, KnownTrail, Lines, Record, Refused, Settings,
    Trail, Verified, verify,
};
use crate::config::Durability;
use crate::keys::{MasterKey, StoredAuditKey, Vault};

pub(super) struct Scratch {
    pub settings: Settings,
    pub key: StoredAuditKey,
    _folder: tempfile::TempDir,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self::with_files_of(u64::MAX)
    }

    pub(super) fn with_files_of(max_file_size: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (vault, _) = Vault::create(&MasterKey::random());
        let key = vault.generate_audit_key().unwrap();
        let settings = Settings {
            folder: folder.path().into(),
            beside: None,
            max_file_size,
            key: Arc::new(vault.open_audit_key(&key).unwrap()),
        };
        Self {
            settings,
            key,
            _folder: folder,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.settings.folder
    }

    /// Its first file.
    pub(super) fn file(&self) -> PathBuf {
        self.folder().join(Chain::Decisions.file_name(1))
    }

    pub(super) fn open(&self) -> Result<Trail, AuditError> {
        Trail::open(
            self.settings.clone(),
            self.known(&[]),
            Durability::Fsync,
            None,
        )
    }

    pub(super) fn journal(&self) -> Journal {
        let patience = Duration::from_secs(5);
        let known = self.known(&[]);
        Journal::open(Chain::Decisions, self.settings.clone(), known, patience).unwrap()
    }

    /// Writes this many records and a checkpoint. Returns the chain's end.
    pub(super) fn write(&self, records: usize) -> Head {
        let mut journal = self.journal();
        let records: Vec<_> = (0..records).map(|_| refused("written")).collect();
        let mut lines = Vec::new();
        for some in records.chunks(100) {
            journal
                .append(some.iter(), None, false, &mut lines)
                .unwrap();
        }
        let pin = Some(Timestamp::UNIX_EPOCH);
        journal.append([].iter(), pin, false, &mut lines).unwrap();
        journal.head().clone()
    }

    /// All lines, of all files.
    pub(super) fn lines(&self) -> Vec<Value> {
        let mut lines = Lines::of(Chain::Decisions, self.folder()).unwrap();
        let (mut all, mut bytes) = (Vec::new(), Vec::new());
        while lines.read(&mut bytes).unwrap().is_some() {
            all.push(serde_json::from_slice(&bytes).unwrap());
        }
        all
    }

    /// All lines but the checkpoints.
    pub(super) fn records(&self) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line["event"] != Event::CHECKPOINT);
        lines
    }

    /// What a store with these heads knows.
    pub(super) fn known(&self, heads: &[Head]) -> Known {
        let trail = |head: &Head| KnownTrail {
            head: head.clone(),
            place: None,
        };
        Known {
            keys: vec![self.key.clone()],
            trails: heads.iter().map(trail).collect(),
        }
    }

    /// The result for its last trail.
    pub(super) fn verify(&self, heads: &[Head]) -> Result<Verified, Broken> {
        self.verify_all(heads).pop().unwrap()
    }

    pub(super) fn verify_all(&self, heads: &[Head]) -> Vec<Result<Verified, Broken>> {
        verify(Chain::Decisions, self.folder(), &self.known(heads)).unwrap()
    }
}

pub(super) fn refused(reason: &'static str) -> Record {
    let event = Event::TokenRefused(Refused {
        client_id: Some("c".into()),
        error: "invalid_client",
        reason,
        turned_away: None,
        count: None,
    });
    Record::of(Timestamp::UNIX_EPOCH, event)
}
