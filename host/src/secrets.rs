//! The host's secrets: values of the settings, or of Secrets Manager and the SSM parameter store, from where they are
//! fetched while the mapper loads, and again when they are old or the backend does not accept them any more.

mod source;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout_at;

use crate::aws::{self, Aws};
use crate::backend::{Key, KeyError};
use crate::client::Cause;

pub use source::{Arn, Source};

/// As long as fetched values are used without asking again.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// As long as nobody asks again after asking was in vain.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest time of fetching where there is nothing. The services answer within some 50 ms.
const FETCH_TIMEOUT: Duration = Duration::from_millis(2000);
/// The longest time of fetching where something is known, which may well do.
const REFRESH_TIMEOUT: Duration = Duration::from_millis(700);

/// Why there are no secrets. It names the variable and holds no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The service did not give it.
    #[error("the secret that {0} names could not be fetched: {1}")]
    Unavailable(&'static str, aws::Error),
    /// The service gave something else.
    #[error("the secret that {0} names {1}")]
    Invalid(&'static str, ValueError),
}

/// What a value is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ValueError {
    /// No value of a header.
    #[error("is blank or holds a character that a header can't hold")]
    Header,
    /// No signing secret.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// All of a secret of several values.
    #[error(
        "is JSON; store the value alone, or select one value of a secret of Secrets Manager by its key, as in \
         `arn:…:secret:NAME:KEY::`"
    )]
    Object,
    /// A key is selected of what has none.
    #[error("is not a JSON object, so no key can be selected")]
    NotAnObject,
    /// A key that the secret does not have.
    #[error("has no text under the selected key")]
    NoSuchKey,
}

/// The secrets, checked.
pub struct Keys {
    /// The value of the `authorization` header, marked as sensitive.
    pub authorization: Option<HeaderValue>,
    /// The keys that sign, each for itself.
    pub signing: Vec<Key>,
    values: Values,
}

/// The secrets as they were written.
type Values = [Option<SecretString>; 2];

/// Where the two secrets come from, each with the variable that says so.
pub struct Sources {
    /// The `authorization` header.
    pub authorization: Option<(&'static str, Source)>,
    /// The signing secrets.
    pub signing: Option<(&'static str, Source)>,
}

/// The secrets of this process. Clones share them.
#[derive(Clone)]
pub struct Secrets(Arc<Shared>);

struct Shared {
    sources: Sources,
    aws: Arc<Aws>,
    known: Mutex<Option<Known>>,
    /// Held by the one who fetches.
    fetching: AsyncMutex<()>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<Keys>,
    fetched: SystemTime,
    /// When they could not be fetched again although they were old.
    stale: Option<SystemTime>,
    /// When there were no others although the backend did not accept them.
    refused: Option<SystemTime>,
}

impl Secrets {
    /// The secrets behind `sources`, of which those that AWS has are asked of `aws`. Nothing is fetched yet.
    pub fn new(sources: Sources, aws: Arc<Aws>) -> Secrets {
        Secrets(Arc::new(Shared { sources, aws, known: Mutex::default(), fetching: AsyncMutex::default() }))
    }

    /// Whether any of them has to be fetched.
    pub fn are_remote(&self) -> bool {
        let Sources { authorization, signing } = &self.0.sources;
        [authorization, signing].into_iter().flatten().any(|(_, source)| matches!(source, Source::Remote(_)))
    }

    /// Whether there is an `authorization` header.
    pub fn authorize(&self) -> bool {
        self.0.sources.authorization.is_some()
    }

    /// Whether requests are signed.
    pub fn sign(&self) -> bool {
        self.0.sources.signing.is_some()
    }

    /// Fetches what has to be fetched, so that the first event finds it.
    pub async fn fetch_ahead(&self) {
        // Where it fails, the first event tries again and has somebody to tell.
        let _ = self.current(Instant::now() + FETCH_TIMEOUT).await;
    }

    /// The secrets, fetched before `until` where the known ones are old. Old ones are better than none.
    ///
    /// # Errors
    /// There are none.
    pub async fn current(&self, until: Instant) -> Result<Arc<Keys>, Failure> {
        let now = SystemTime::now();
        if let Some(known) = self.known() {
            let asked = is_within(FRESH, Some(known.fetched), now) || is_within(PAUSE, known.stale, now);
            if asked || !self.are_remote() {
                return Ok(known.keys);
            }
            // Whoever fetches already does it for all.
            let Ok(_fetching) = self.0.fetching.try_lock() else { return Ok(known.keys) };
            let keys = match self.fetch(until.min(Instant::now() + REFRESH_TIMEOUT)).await {
                Ok(keys) => keys,
                Err(_) => {
                    self.know(Known { stale: Some(now), ..known.clone() });
                    return Ok(known.keys);
                }
            };
            return Ok(self.know(Known::now(keys)));
        }
        let _fetching = timeout_at(until.into(), self.0.fetching.lock()).await.map_err(|_| self.unavailable())?;
        if let Some(known) = self.known() {
            return Ok(known.keys);
        }
        let keys = self.fetch(until.min(Instant::now() + FETCH_TIMEOUT)).await?;
        Ok(self.know(Known::now(keys)))
    }

    /// Other secrets than `refused`, which the backend did not accept; nothing where there are none.
    pub async fn other_than(&self, refused: &Keys, until: Instant) -> Option<Arc<Keys>> {
        if !self.are_remote() {
            return None;
        }
        let until = until.min(Instant::now() + REFRESH_TIMEOUT);
        let _fetching = timeout_at(until.into(), self.0.fetching.lock()).await.ok()?;
        let known = self.known()?;
        // Another event may have fetched them meanwhile.
        if known.keys.differ_from(refused) {
            return Some(known.keys);
        }
        let now = SystemTime::now();
        if is_within(PAUSE, known.refused, now) {
            return None;
        }
        match self.fetch(until).await {
            Ok(keys) if keys.differ_from(refused) => Some(self.know(Known::now(keys))),
            Ok(keys) => {
                self.know(Known { refused: Some(now), ..Known::now(keys) });
                None
            }
            Err(_) => {
                self.know(Known { refused: Some(now), ..known });
                None
            }
        }
    }

    fn known(&self) -> Option<Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn know(&self, known: Known) -> Arc<Keys> {
        let keys = known.keys.clone();
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        keys
    }

    async fn fetch(&self, until: Instant) -> Result<Arc<Keys>, Failure> {
        let Sources { authorization, signing } = &self.0.sources;
        let (authorization, signing) =
            tokio::join!(self.fetch_from(authorization.as_ref(), until), self.fetch_from(signing.as_ref(), until));
        let values = [authorization?, signing?];
        let [authorization, signing] = &values;
        let invalid = |source: &Option<(&'static str, Source)>, error| {
            Failure::Invalid(source.as_ref().map_or("", |(variable, _)| variable), error)
        };
        Ok(Arc::new(Keys {
            authorization: authorization
                .as_ref()
                .map(header)
                .transpose()
                .map_err(|error| invalid(&self.0.sources.authorization, error))?,
            signing: signing
                .as_ref()
                .map_or_else(|| Ok(Vec::new()), keys)
                .map_err(|error| invalid(&self.0.sources.signing, error))?,
            values,
        }))
    }

    async fn fetch_from(
        &self,
        source: Option<&(&'static str, Source)>,
        until: Instant,
    ) -> Result<Option<SecretString>, Failure> {
        let (variable, arn) = match source {
            None => return Ok(None),
            Some((_, Source::Value(value))) => return Ok(Some(value.clone())),
            Some((variable, Source::Remote(arn))) => (*variable, arn),
        };
        // On the heap, because it is large and every event would carry it along.
        let fetched = Box::pin(arn.fetch(&self.0.aws, until)).await;
        let text = fetched.map_err(|error| Failure::Unavailable(variable, error))?;
        let selected = arn.select(text).map_err(|error| Failure::Invalid(variable, error))?;
        Ok(Some(selected))
    }

    /// Whoever is fetching needs longer than there is time.
    fn unavailable(&self) -> Failure {
        let Sources { authorization, signing } = &self.0.sources;
        let remote =
            [authorization, signing].into_iter().flatten().find(|(_, source)| matches!(source, Source::Remote(_)));
        Failure::Unavailable(remote.map_or("", |(variable, _)| variable), aws::Error::TimedOut(Cause::AnswerTimedOut))
    }
}

impl Keys {
    fn differ_from(&self, other: &Keys) -> bool {
        let expose = |values: &Values| {
            values.each_ref().map(|value| value.as_ref().map(|value| value.expose_secret().to_owned()))
        };
        expose(&self.values) != expose(&other.values)
    }
}

impl Known {
    fn now(keys: Arc<Keys>) -> Known {
        Known { keys, fetched: SystemTime::now(), stale: None, refused: None }
    }
}

/// Whether `then` is less than `time` ago. The system's clock also runs while the process is frozen; where it was set
/// back, nothing is known.
fn is_within(time: Duration, then: Option<SystemTime>, now: SystemTime) -> bool {
    then.and_then(|then| now.duration_since(then).ok()).is_some_and(|age| age < time)
}

/// The value of the `authorization` header.
///
/// # Errors
/// It is none.
pub fn header(value: &SecretString) -> Result<HeaderValue, ValueError> {
    // Files and consoles like to end a value with a line break.
    let value = value.expose_secret().trim();
    check_is_no_object(value)?;
    match HeaderValue::from_str(value) {
        Ok(mut header) if value.is_ascii() && !value.is_empty() => {
            header.set_sensitive(true);
            Ok(header)
        }
        _ => Err(ValueError::Header),
    }
}

/// The signing keys, separated by spaces.
///
/// # Errors
/// One is none, or there are none.
pub fn keys(value: &SecretString) -> Result<Vec<Key>, ValueError> {
    check_is_no_object(value.expose_secret())?;
    let keys = value.expose_secret().split_whitespace().map(Key::parse).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(KeyError::Form.into()) } else { Ok(keys) }
}

/// The console of Secrets Manager stores a JSON object unless it is told otherwise.
fn check_is_no_object(value: &str) -> Result<(), ValueError> {
    // Neither an authorization scheme nor a signing secret begins so.
    if value.trim_start_matches(['\u{feff}', ' ']).starts_with(['{', '[', '"']) {
        Err(ValueError::Object)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_fresh_for_five_minutes() {
        let fetched = SystemTime::now();
        for (after, fresh) in [(0, true), (299, true), (300, false), (86_400, false)] {
            assert_eq!(is_within(FRESH, Some(fetched), fetched + Duration::from_secs(after)), fresh, "{after}");
        }
        assert!(!is_within(FRESH, Some(fetched), fetched - Duration::from_secs(1)) && !is_within(FRESH, None, fetched));
    }

    #[tokio::test]
    async fn values_of_the_settings_are_never_fetched() {
        let source = Source::Value("Bearer t-0-k-e-n".to_owned().into());
        let secrets = Secrets::new(Sources { authorization: Some(("A", source)), signing: None }, Arc::default());
        let soon = Instant::now() + Duration::from_secs(1);
        let keys = secrets.current(soon).await.unwrap();
        assert!(!secrets.are_remote() && secrets.authorize() && !secrets.sign());
        assert!(keys.authorization.as_ref().is_some_and(HeaderValue::is_sensitive));
        assert!(secrets.other_than(&keys, soon).await.is_none());
    }
}
