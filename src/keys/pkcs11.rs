//! Signing keys in a PKCS#11 token, such as an HSM: the private half is made there and never leaves
//! it.
//!
//! There is one login and a few sessions, each used by one thread at a time. If the token was away,
//! or restarted, the service logs in again when it next needs the token. Calls into the module
//! block, so signatures are made on separate threads.

mod objects;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use aws_lc_rs::rand;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use tokio::sync::Semaphore;

use super::hsm_error::HsmError;
use super::jwks::Jwk;
use super::signing::{PrivateKey, SignError, Signing};
use crate::token::Algorithm;

/// A token to which the service is logged in. Clones share it.
#[derive(Clone)]
pub struct HsmToken(Arc<Inner>);

struct Inner {
    module: Pkcs11,
    label: String,
    pin: AuthPin,
    /// Set when the token refuses the PIN: a few more attempts would lock it.
    refused: OnceLock<HsmError>,
    idle: Mutex<Vec<Session>>,
    room: Arc<Semaphore>,
    /// How often the module was started again. Locked for reading while the module is called, and
    /// for writing while it is started.
    starts: RwLock<u64>,
    fault: Mutex<Option<HsmError>>,
}

/// A private key in a token.
pub(super) struct TokenKey {
    token: HsmToken,
    algorithm: Algorithm,
    object: Arc<[u8]>,
}

impl HsmToken {
    /// The most signatures at a time.
    const SESSIONS: usize = 16;
    /// How long a signature may wait for its turn.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Loads a module, and logs in to the token with this label.
    ///
    /// # Errors
    /// [`HsmError`]: the module can't be loaded, no token has this label, or the PIN is wrong.
    pub fn open(module: &Path, label: &str, pin: &str) -> Result<Self, HsmError> {
        let failed = |what: String| HsmError {
            token: label.to_owned(),
            what,
        };
        let path = module;
        let module = Pkcs11::new(path)
            .map_err(|error| failed(format!("{}: {}", path.display(), message(&error))))?;
        match module.initialize(threads()) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(message(&error))),
        }
        let token = Self(Arc::new(Inner {
            module,
            label: label.to_owned(),
            pin: AuthPin::from(pin),
            refused: OnceLock::new(),
            idle: Mutex::default(),
            room: Arc::new(Semaphore::new(Self::SESSIONS)),
            starts: RwLock::new(0),
            fault: Mutex::default(),
        }));
        let session = token.login()?;
        lock(&token.0.idle).push(session);
        Ok(token)
    }

    /// Makes a key pair that can't be extracted. Returns the public half and the `CKA_ID` of both
    /// objects.
    pub(super) fn generate(&self, algorithm: Algorithm) -> Result<(Jwk, Vec<u8>), HsmError> {
        let mut object = vec![0; 16];
        rand::fill(&mut object)
            .expect("AWS-LC aborts the process rather than return no randomness");
        let session = self.session()?;
        let _using = read(&self.0.starts);
        let made = objects::generate(&session, algorithm, &object).and_then(|public| {
            let jwk = objects::public_jwk(&session, algorithm, public)?;
            objects::test(&session, algorithm, &object, &jwk)?;
            Ok(jwk)
        });
        match made {
            Ok(jwk) => {
                lock(&self.0.idle).push(session);
                Ok((jwk, object))
            }
            Err(error) => {
                // Remove the unusable key. A second failure would tell the operator nothing new.
                let _left_behind = objects::destroy(&session, &object);
                Err(self.failed(&format!("making a key of {algorithm}: {}", message(&error))))
            }
        }
    }

    /// The key with this `CKA_ID`. If the token doesn't have it, the first signature fails.
    pub(super) fn key(&self, algorithm: Algorithm, object: &[u8]) -> TokenKey {
        TokenKey {
            token: self.clone(),
            algorithm,
            object: object.into(),
        }
    }

    /// Destroys both halves of a key. It is no error if they don't exist any more.
    pub(super) fn destroy(&self, object: &[u8]) -> Result<(), HsmError> {
        self.in_session("destroying a key", |session| {
            objects::destroy(session, object)
        })
    }

    /// Why the last signature failed, until one succeeds, or until [`Self::forgive`].
    #[must_use]
    pub fn fault(&self) -> Option<HsmError> {
        lock(&self.0.fault).clone()
    }

    /// Forgets the fault: the keys that have to sign now can sign.
    pub fn forgive(&self) {
        *lock(&self.0.fault) = None;
    }

    fn sign(
        &self,
        algorithm: Algorithm,
        object: &[u8],
        message: &[u8],
    ) -> Result<Vec<u8>, HsmError> {
        let done = self.in_session("signing", |session| {
            objects::sign(session, algorithm, object, message)
        });
        *lock(&self.0.fault) = done.as_ref().err().cloned();
        done
    }

    /// Does `work` in an open session. Uses a new session if none is open, or if the work fails in
    /// the open one.
    fn in_session<T>(
        &self,
        doing: &str,
        work: impl Fn(&Session) -> Result<T, Error>,
    ) -> Result<T, HsmError> {
        let idle = lock(&self.0.idle).pop();
        if let Some(session) = idle {
            let _using = read(&self.0.starts);
            if let Ok(done) = work(&session) {
                lock(&self.0.idle).push(session);
                return Ok(done);
            }
            // The token may have been away, or restarted. Then none of the open sessions is valid
            // any more.
            let worthless = std::mem::take(&mut *lock(&self.0.idle));
            drop((session, worthless));
        }
        let session = self.session()?;
        let _using = read(&self.0.starts);
        match work(&session) {
            Ok(done) => {
                lock(&self.0.idle).push(session);
                Ok(done)
            }
            Err(error) => Err(self.failed(&format!("{doing}: {}", message(&error)))),
        }
    }

    /// Opens a new session. Some modules find a token that was away only after they are started
    /// again.
    fn session(&self) -> Result<Session, HsmError> {
        let starts = *read(&self.0.starts);
        let opened = self.login();
        if opened.is_ok() || self.0.refused.get().is_some() {
            return opened;
        }
        self.restart(starts);
        self.login()
    }

    /// Starts the module again, unless another thread has done so since `seen` was read.
    fn restart(&self, seen: u64) {
        let mut starts = self
            .0
            .starts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if *starts == seen {
            *starts += 1;
            lock(&self.0.idle).clear();
            // A failure here shows again when a session is opened, and is reported there.
            let _ended = self.0.module.clone().finalize();
            let _started = self.0.module.initialize(threads());
        }
    }

    fn login(&self) -> Result<Session, HsmError> {
        if let Some(refused) = self.0.refused.get() {
            return Err(refused.clone());
        }
        let _using = read(&self.0.starts);
        let failed = |error: Error| self.failed(&message(&error));
        let module = &self.0.module;
        let slots = module.get_slots_with_initialized_token().map_err(failed)?;
        let is_named = |slot| {
            let info = module.get_token_info(slot);
            info.is_ok_and(|info| info.label() == self.0.label)
        };
        let slot = slots.into_iter().find(|slot| is_named(*slot));
        let slot = slot.ok_or_else(|| self.failed("no slot has a token of this label"))?;
        let session = module.open_rw_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(&self.0.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error @ Error::Pkcs11(RvError::PinIncorrect | RvError::PinLocked, _)) => {
                let refused = failed(error);
                Err(self.0.refused.get_or_init(|| refused).clone())
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn failed(&self, what: &str) -> HsmError {
        HsmError {
            token: self.0.label.clone(),
            what: what.to_owned(),
        }
    }
}

impl PrivateKey for TokenKey {
    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Signing::Waiting(Box::pin(self.signature(message)))
    }
}

impl TokenKey {
    async fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let room = self.token.0.room.clone();
        let turn = tokio::time::timeout(HsmToken::PATIENCE, room.acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            // This is not recorded as the token's fault. A fault would send the load to other
            // replicas, which would then fail as well.
            let busy = "signing: it is too slow for the load";
            return Err(self.token.failed(busy).into());
        };
        let (token, algorithm) = (self.token.clone(), self.algorithm);
        let (object, message) = (self.object.clone(), message.to_vec());
        let work = move || {
            // The turn belongs to the work, not to the request, whose caller may hang up.
            let _turn = turn;
            token.sign(algorithm, &object, &message)
        };
        let done = tokio::task::spawn_blocking(work).await;
        Ok(done.map_err(|_| SignError::Failed(algorithm))??)
    }
}

impl fmt::Debug for HsmToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HsmToken({:?})", self.0.label)
    }
}

/// The module may be called by several threads at once.
fn threads() -> CInitializeArgs {
    CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)
}

/// The library's text for a return value is a paragraph of the standard. The value's name is
/// enough.
fn message(error: &Error) -> String {
    match error {
        Error::Pkcs11(value, function) => format!("{function} returned {value:?}"),
        other => other.to_string(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
