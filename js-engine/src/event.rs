//! The event on its way into JavaScript.

use rquickjs::function::Args;
use rquickjs::{Array, Ctx, Object, Result, atom::PredefinedAtom};

use crate::bindings::cognito::post_confirmation::types::{Attribute, TriggerSource};
use crate::bindings::exports::cognito::post_confirmation::mapper::Event;

/// The event as `js/event.js` takes it. The lists are made here, which takes half as long.
pub fn arguments<'js>(ctx: &Ctx<'js>, event: &Event) -> Result<Args<'js>> {
    let (source, other) = match &event.trigger_source {
        TriggerSource::ConfirmSignUp => ("confirm-sign-up", None),
        TriggerSource::ConfirmForgotPassword => ("confirm-forgot-password", None),
        TriggerSource::Other(source) => ("other", Some(source)),
    };
    let mut arguments = Args::new_unsized(ctx.clone());
    arguments.push_arg(source)?;
    arguments.push_arg(other)?;
    arguments.push_args([&event.region, &event.user_pool_id, &event.user_name])?;
    arguments.push_arg(&event.client_id)?;
    arguments.push_arg(list(ctx, &event.user_attributes)?)?;
    arguments.push_arg(list(ctx, &event.client_metadata)?)?;
    arguments.push_args([&event.id, &event.json, &event.received_at])?;
    Ok(arguments)
}

/// The list of a name and a value for each.
fn list<'js>(ctx: &Ctx<'js>, attributes: &[Attribute]) -> Result<Array<'js>> {
    let list = Array::new(ctx.clone())?;
    for (at, Attribute { name, value }) in attributes.iter().enumerate() {
        let attribute = Object::new(ctx.clone())?;
        attribute.set(PredefinedAtom::Name, name)?;
        attribute.set(PredefinedAtom::Value, value)?;
        list.set(at, attribute)?;
    }
    Ok(list)
}
