//! Texts and their bytes.

use rquickjs::{Ctx, Exception, Result, TypedArray};

/// The bytes of a text.
pub fn encode(ctx: Ctx<'_>, text: String) -> Result<TypedArray<'_, u8>> {
    TypedArray::new(ctx, text)
}

/// The text of bytes. Bytes that are none are an error if `fatal`, else each run of them is U+FFFD.
pub fn decode(ctx: Ctx<'_>, encoded: TypedArray<'_, u8>, fatal: bool) -> Result<String> {
    let encoded = bytes(&encoded).unwrap_or_default();
    match String::from_utf8(encoded) {
        Ok(text) => Ok(text),
        Err(_) if fatal => Err(Exception::throw_type(&ctx, "the bytes are no UTF-8")),
        Err(error) => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// A copy of the bytes; none if their buffer was given away.
pub fn bytes(array: &TypedArray<'_, u8>) -> Option<Vec<u8>> {
    // SAFETY: No JavaScript runs while the slice lives: it is copied at once.
    #[expect(unsafe_code, reason = "rquickjs has no other way to all of the bytes at once")]
    let bytes = unsafe { array.as_bytes() };
    bytes.map(<[u8]>::to_vec)
}
