//! What authorizes and signs requests: values of the settings, or of Secrets Manager and the SSM
//! parameter store. Those are fetched while the mapper loads, and again when they are old or the
//! backend does not accept them any more.

mod source;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout_at;

use crate::aws::{self, Aws};
use crate::client::Cause;
use crate::signing::{Key, KeyError};

pub use source::Source;

/// How long fetched values are used without asking again.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// How long no service is asked again after asking was in vain.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest time of fetching if nothing is cached. The services answer within some 50 ms.
const FETCH_TIMEOUT: Duration = Duration::from_millis(2000);
/// The longest time of fetching if something is cached, which may still be accepted.
const REFRESH_TIMEOUT: Duration = Duration::from_millis(700);

/// Why there are no credentials. It names the variable and holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service did not give it.
    #[error("the secret that {0} names could not be fetched: {1}")]
    Unavailable(&'static str, aws::Error),
    /// The service gave something else.
    #[error("the secret that {0} names {1}")]
    Invalid(&'static str, ValueError),
}

/// What a value is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A header can't hold it.
    #[error("is blank or holds a character that a header can't hold")]
    Header,
    /// It is not a signing secret.
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
pub struct Credentials {
    /// The value of the `authorization` header, marked as sensitive.
    pub authorization: Option<HeaderValue>,
    /// The keys that sign, each for itself.
    pub signing: Vec<Key>,
    values: Values,
}

/// The secrets as they were written.
type Values = [Option<SecretString>; 2];

/// The source of a secret, with the variable that names it.
type Variable = (&'static str, Source);

/// The sources of the two secrets.
pub struct Sources {
    /// The `authorization` header.
    pub authorization: Option<Variable>,
    /// The signing secrets.
    pub signing: Option<Variable>,
}

/// The credentials of this process. Clones share them.
#[derive(Clone)]
pub struct CredentialStore(Arc<Shared>);

struct Shared {
    sources: Sources,
    aws: Arc<Aws>,
    cached: Mutex<Option<Cached>>,
    /// Held over a fetch, so that one fetch serves all events that wait for it.
    fetching: AsyncMutex<()>,
}

/// Credentials that were fetched.
#[derive(Clone)]
struct Cached {
    credentials: Arc<Credentials>,
    fetched: SystemTime,
    /// When they could not be fetched again although they were old.
    stale: Option<SystemTime>,
    /// When there were no others although the backend did not accept them.
    refused: Option<SystemTime>,
}

impl CredentialStore {
    /// The credentials from `sources`. `aws` is asked for those that AWS holds. Nothing is fetched
    /// yet.
    pub fn new(sources: Sources, aws: Arc<Aws>) -> CredentialStore {
        let (cached, fetching) = (Mutex::default(), AsyncMutex::default());
        CredentialStore(Arc::new(Shared { sources, aws, cached, fetching }))
    }

    /// Whether any of them has to be fetched.
    pub fn are_remote(&self) -> bool {
        self.first_remote().is_some()
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
        // If it fails, the first event tries again and reports it.
        let _ = self.current(Instant::now() + FETCH_TIMEOUT).await;
    }

    /// The credentials, fetched before `until` if the cached ones are old. If none can be fetched,
    /// or if another event is fetching them, old ones are returned at once.
    ///
    /// # Errors
    /// None are cached, and none could be fetched.
    pub async fn current(&self, until: Instant) -> Result<Arc<Credentials>, Error> {
        let Some(cached) = self.cached() else { return self.first(until).await };
        let now = SystemTime::now();
        let fresh =
            is_within(FRESH, Some(cached.fetched), now) || is_within(PAUSE, cached.stale, now);
        if fresh || !self.are_remote() {
            return Ok(cached.credentials);
        }
        let Ok(_fetching) = self.0.fetching.try_lock() else { return Ok(cached.credentials) };
        match self.fetch(until.min(Instant::now() + REFRESH_TIMEOUT)).await {
            Ok(credentials) => Ok(self.store(Cached::new(credentials))),
            Err(_) => Ok(self.store(Cached { stale: Some(now), ..cached })),
        }
    }

    /// The credentials of a process that has none so far.
    async fn first(&self, until: Instant) -> Result<Arc<Credentials>, Error> {
        let fetching = timeout_at(until.into(), self.0.fetching.lock()).await;
        let _fetching = fetching.map_err(|_| self.timed_out())?;
        if let Some(cached) = self.cached() {
            return Ok(cached.credentials);
        }
        let credentials = self.fetch(until.min(Instant::now() + FETCH_TIMEOUT)).await?;
        Ok(self.store(Cached::new(credentials)))
    }

    /// Other credentials than `refused`, which the backend did not accept. None if there are no
    /// others before `until`.
    pub async fn other_than(
        &self,
        refused: &Credentials,
        until: Instant,
    ) -> Option<Arc<Credentials>> {
        if !self.are_remote() {
            return None;
        }
        let until = until.min(Instant::now() + REFRESH_TIMEOUT);
        let _fetching = timeout_at(until.into(), self.0.fetching.lock()).await.ok()?;
        let cached = self.cached()?;
        // Another event may have fetched them meanwhile.
        if cached.credentials.differ_from(refused) {
            return Some(cached.credentials);
        }
        let now = SystemTime::now();
        if is_within(PAUSE, cached.refused, now) {
            return None;
        }
        let fetched = match self.fetch(until).await {
            Ok(credentials) => Cached::new(credentials),
            Err(_) => cached,
        };
        if fetched.credentials.differ_from(refused) {
            return Some(self.store(fetched));
        }
        self.store(Cached { refused: Some(now), ..fetched });
        None
    }

    fn cached(&self) -> Option<Cached> {
        self.0.cached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn store(&self, cached: Cached) -> Arc<Credentials> {
        let credentials = cached.credentials.clone();
        *self.0.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        credentials
    }

    async fn fetch(&self, until: Instant) -> Result<Arc<Credentials>, Error> {
        let Sources { authorization, signing } = &self.0.sources;
        let fetched =
            tokio::join!(self.fetch_from(authorization, until), self.fetch_from(signing, until));
        let values = [fetched.0?, fetched.1?];
        let [authorization_value, signing_value] = &values;
        let credentials = Credentials {
            authorization: match authorization_value {
                Some(value) => Some(header(value).map_err(|error| invalid(authorization, error))?),
                None => None,
            },
            signing: match signing_value {
                Some(value) => keys(value).map_err(|error| invalid(signing, error))?,
                None => Vec::new(),
            },
            values,
        };
        Ok(Arc::new(credentials))
    }

    async fn fetch_from(
        &self,
        variable: &Option<Variable>,
        until: Instant,
    ) -> Result<Option<SecretString>, Error> {
        let arn = match variable {
            None => return Ok(None),
            Some((_, Source::Value(value))) => return Ok(Some(value.clone())),
            Some((_, Source::Remote(arn))) => arn,
        };
        // On the heap, because it is large and every event would carry it along.
        let fetched = Box::pin(arn.fetch(&self.0.aws, until)).await;
        let text = fetched.map_err(|error| Error::Unavailable(name(variable), error))?;
        arn.select(text).map(Some).map_err(|error| invalid(variable, error))
    }

    fn first_remote(&self) -> Option<&Variable> {
        let Sources { authorization, signing } = &self.0.sources;
        [authorization, signing]
            .into_iter()
            .flatten()
            .find(|(_, source)| matches!(source, Source::Remote(_)))
    }

    /// The task that is fetching needs longer than there is time.
    fn timed_out(&self) -> Error {
        let variable = self.first_remote().map_or("", |(variable, _)| variable);
        Error::Unavailable(variable, aws::Error::TimedOut(Cause::AnswerTimedOut))
    }
}

impl Credentials {
    fn differ_from(&self, other: &Credentials) -> bool {
        expose(&self.values) != expose(&other.values)
    }
}

impl Cached {
    fn new(credentials: Arc<Credentials>) -> Cached {
        Cached { credentials, fetched: SystemTime::now(), stale: None, refused: None }
    }
}

fn expose(values: &Values) -> [Option<&str>; 2] {
    values.each_ref().map(|value| value.as_ref().map(ExposeSecret::expose_secret))
}

/// The name of a variable that is set.
fn name(variable: &Option<Variable>) -> &'static str {
    variable.as_ref().map_or("", |(name, _)| name)
}

fn invalid(variable: &Option<Variable>, error: ValueError) -> Error {
    Error::Invalid(name(variable), error)
}

/// Whether `then` is less than `time` ago. The system's clock also runs while the process is
/// frozen. If it was set back, the answer is no.
fn is_within(time: Duration, then: Option<SystemTime>, now: SystemTime) -> bool {
    then.and_then(|then| now.duration_since(then).ok()).is_some_and(|age| age < time)
}

/// The value of the `authorization` header.
///
/// # Errors
/// No header can hold it.
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
/// There are none, or one of them is not a signing secret.
pub fn keys(value: &SecretString) -> Result<Vec<Key>, ValueError> {
    check_is_no_object(value.expose_secret())?;
    let keys =
        value.expose_secret().split_whitespace().map(Key::parse).collect::<Result<Vec<_>, _>>()?;
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
            assert_eq!(
                is_within(FRESH, Some(fetched), fetched + Duration::from_secs(after)),
                fresh,
                "{after}"
            );
        }
        assert!(
            !is_within(FRESH, Some(fetched), fetched - Duration::from_secs(1))
                && !is_within(FRESH, None, fetched)
        );
    }

    #[tokio::test]
    async fn values_of_the_settings_are_never_fetched() {
        let source = Source::Value("Bearer t-0-k-e-n".to_owned().into());
        let store = CredentialStore::new(
            Sources { authorization: Some(("A", source)), signing: None },
            Arc::default(),
        );
        let soon = Instant::now() + Duration::from_secs(1);
        let credentials = store.current(soon).await.unwrap();
        assert!(!store.are_remote() && store.authorize() && !store.sign());
        assert!(credentials.authorization.as_ref().is_some_and(HeaderValue::is_sensitive));
        assert!(store.other_than(&credentials, soon).await.is_none());
    }
}
