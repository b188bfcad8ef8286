//! The follow-up: the backend's answer on its way into JavaScript, and the effects on their way
//! out.

use rquickjs::function::Args;
use rquickjs::{Array, Ctx, FromJs, Result, TypedArray, Value};

use crate::bindings::cognito::post_confirmation::types::{Answer, Attribute, Effect};
use crate::bindings::exports::cognito::post_confirmation::mapper::{Error, Event};
use crate::{engine, event};

/// Says what is to be done after the backend's answer.
pub fn conclude(event: &Event, answer: &Answer) -> std::result::Result<Vec<Effect>, Error> {
    engine::with_mapper("conclude", |ctx| arguments(ctx, event, answer), effects)
}

/// The event and the answer as `js/main.js` takes them.
fn arguments<'js>(ctx: &Ctx<'js>, event: &Event, answer: &Answer) -> Result<Args<'js>> {
    let mut arguments = event::arguments(ctx, event)?;
    let headers = Array::new(ctx.clone())?;
    for (at, header) in answer.headers.iter().enumerate() {
        headers.set(2 * at, &header.name)?;
        headers.set(2 * at + 1, &header.value)?;
    }
    arguments.push_arg(answer.status)?;
    arguments.push_arg(headers)?;
    arguments.push_arg(TypedArray::new(ctx.clone(), answer.body.as_slice())?)?;
    Ok(arguments)
}

/// Reads what `js/main.js` makes of the answer: a list that begins with what it is.
fn effects(concluded: &Value<'_>) -> Result<std::result::Result<Vec<Effect>, Error>> {
    let concluded = Array::from_js(concluded.ctx(), concluded.clone())?;
    if concluded.get::<String>(0)? == "error" {
        return Ok(Err(Error { code: concluded.get(1)?, message: concluded.get(2)? }));
    }
    let attributes: Vec<String> = concluded.get(1)?;
    let groups: Vec<String> = concluded.get(2)?;
    let attributes = attributes.chunks_exact(2).map(|attribute| {
        Effect::SetAttribute(Attribute { name: attribute[0].clone(), value: attribute[1].clone() })
    });
    Ok(Ok(attributes.chain(groups.into_iter().map(Effect::AddToGroup)).collect()))
}
