//! The answer on its way out of JavaScript, after `js/outcome.js` has checked it.

use rquickjs::{Array, Error as Broken, FromJs, Result, TypedArray, Value};

use crate::bindings::cognito::post_confirmation::types::{Header, Method, Request};
use crate::bindings::exports::cognito::post_confirmation::mapper::{Error, Outcome};
use crate::native::text;

/// Reads what `js/main.js` makes of an event: a list that begins with what it is.
pub fn read(mapped: &Value<'_>) -> Result<std::result::Result<Outcome, Error>> {
    let mapped = Array::from_js(mapped.ctx(), mapped.clone())?;
    Ok(match mapped.get::<String>(0)?.as_str() {
        "deliver" => Ok(Outcome::Deliver(request(&mapped)?)),
        "skip" => Ok(Outcome::Skip(mapped.get(1)?)),
        _ => Err(Error { code: mapped.get(1)?, message: mapped.get(2)? }),
    })
}

fn request(mapped: &Array<'_>) -> Result<Request> {
    let headers: Vec<String> = mapped.get(3)?;
    let headers = headers
        .chunks_exact(2)
        .map(|header| Header { name: header[0].clone(), value: header[1].clone() });
    Ok(Request {
        method: match mapped.get::<String>(1)?.as_str() {
            "put" => Method::Put,
            "patch" => Method::Patch,
            _ => Method::Post,
        },
        path: mapped.get(2)?,
        headers: headers.collect(),
        body: body(mapped.get(4)?)?,
        accept_status: mapped.get(5)?,
    })
}

/// A text or bytes.
fn body(body: Value<'_>) -> Result<Vec<u8>> {
    if let Some(body) = body.as_string() {
        return Ok(body.to_string()?.into_bytes());
    }
    let bytes = TypedArray::<u8>::from_value(body)?;
    text::bytes(&bytes).ok_or_else(|| Broken::new_from_js("detached buffer", "body"))
}
