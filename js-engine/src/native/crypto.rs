//! Digests and what is signed by them, for `crypto.subtle`.

use hmac::digest::Digest;
use hmac::{Hmac, KeyInit, Mac};
use rquickjs::{Ctx, Exception, Result, TypedArray};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::text::bytes;

type Bytes<'js> = TypedArray<'js, u8>;

/// The digest of `data` by the hash function of this name.
pub fn digest<'js>(ctx: Ctx<'js>, hash: String, data: Bytes<'js>) -> Result<Bytes<'js>> {
    let data = bytes(&data).unwrap_or_default();
    let digest = match hash.as_str() {
        "SHA-1" => Sha1::digest(data).to_vec(),
        "SHA-256" => Sha256::digest(data).to_vec(),
        "SHA-384" => Sha384::digest(data).to_vec(),
        "SHA-512" => Sha512::digest(data).to_vec(),
        _ => return Err(unknown(&ctx)),
    };
    TypedArray::new(ctx, digest)
}

/// The signature of `data`.
pub fn hmac<'js>(
    ctx: Ctx<'js>,
    hash: String,
    key: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<Bytes<'js>> {
    let (key, data) = (bytes(&key).unwrap_or_default(), bytes(&data).unwrap_or_default());
    let signature = match hash.as_str() {
        "SHA-1" => keyed::<Hmac<Sha1>>(&key, &data).map(|mac| mac.finalize().into_bytes().to_vec()),
        "SHA-256" => {
            keyed::<Hmac<Sha256>>(&key, &data).map(|mac| mac.finalize().into_bytes().to_vec())
        }
        "SHA-384" => {
            keyed::<Hmac<Sha384>>(&key, &data).map(|mac| mac.finalize().into_bytes().to_vec())
        }
        "SHA-512" => {
            keyed::<Hmac<Sha512>>(&key, &data).map(|mac| mac.finalize().into_bytes().to_vec())
        }
        _ => None,
    };
    TypedArray::new(ctx.clone(), signature.ok_or_else(|| unknown(&ctx))?)
}

/// Whether `signature` is that of `data`. How long it takes tells nothing of how much of it is
/// right.
pub fn is_hmac<'js>(
    ctx: Ctx<'js>,
    hash: String,
    key: Bytes<'js>,
    signature: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<bool> {
    let (key, data) = (bytes(&key).unwrap_or_default(), bytes(&data).unwrap_or_default());
    let signature = bytes(&signature).unwrap_or_default();
    let verified = match hash.as_str() {
        "SHA-1" => keyed::<Hmac<Sha1>>(&key, &data).map(|mac| mac.verify_slice(&signature)),
        "SHA-256" => keyed::<Hmac<Sha256>>(&key, &data).map(|mac| mac.verify_slice(&signature)),
        "SHA-384" => keyed::<Hmac<Sha384>>(&key, &data).map(|mac| mac.verify_slice(&signature)),
        "SHA-512" => keyed::<Hmac<Sha512>>(&key, &data).map(|mac| mac.verify_slice(&signature)),
        _ => None,
    };
    Ok(verified.ok_or_else(|| unknown(&ctx))?.is_ok())
}

fn keyed<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Option<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    mac.update(data);
    Some(mac)
}

fn unknown(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_dom(
        ctx,
        "NotSupportedError",
        "the hash function is none of SHA-1, SHA-256, SHA-384 and SHA-512",
    )
}
