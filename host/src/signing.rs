//! Signatures by the Standard Webhooks specification (<https://www.standardwebhooks.com>), version
//! `v1`: HMAC-SHA256 over the message's id, a timestamp and the body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// The beginning of every secret.
const PREFIX: &str = "whsec_";

/// A key that signs. It has no `Debug`.
pub struct Key(Hmac<Sha256>);

/// Why a text is not a signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It does not look like one.
    #[error("has to be `whsec_` and base64, or several of them separated by spaces")]
    Form,
    /// It is too short to be safe or longer than the specification allows.
    #[error("has to be a secret of 24 to 64 bytes, for example `whsec_$(openssl rand -base64 32)`")]
    Length,
}

impl Key {
    /// The key of the secret `text`.
    ///
    /// # Errors
    /// It is not a signing secret.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(KeyError::Form)?;
        let secret = BASE64_STANDARD.decode(encoded).map_err(|_| KeyError::Form)?;
        if !(24..=64).contains(&secret.len()) {
            return Err(KeyError::Length);
        }
        Hmac::new_from_slice(&secret).map(Key).map_err(|_| KeyError::Length)
    }

    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The value of `webhook-signature` for the message `id`, sent at `timestamp` (seconds since 1970):
/// one signature for each key, separated by spaces.
pub fn signatures(keys: &[Key], id: &str, timestamp: u64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    keys.iter().map(|key| key.sign(id, &timestamp, body)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let key = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = signatures(
            &[key],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_24_to_64_bytes_in_base64_after_its_prefix() {
        let wrong = Some(KeyError::Length);
        for (bytes, error) in [(0, wrong), (23, wrong), (24, None), (64, None), (65, wrong)] {
            let secret = format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
            assert_eq!(Key::parse(&secret).err(), error, "{bytes}");
        }
        for text in [
            "",
            "whsec",
            "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert_eq!(Key::parse(text).err(), Some(KeyError::Form), "{text}");
        }
    }
}
