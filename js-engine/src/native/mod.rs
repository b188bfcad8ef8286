//! What JavaScript has of Rust: the module `engine:native`, for the modules in `js/` alone.

mod crypto;
pub mod system;
pub mod text;
mod url;

use rquickjs::function::IntoJsFunc;
use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::{Ctx, Function, Result};

/// The module.
pub struct Native;

/// The functions by name. One list for what is declared and what is exported.
macro_rules! functions {
    ($($name:literal => $function:expr,)*) => {
        const NAMES: &[&str] = &[$($name),*];

        fn export<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
            $(exports.export($name, function(ctx, $name, $function)?)?;)*
            Ok(())
        }
    };
}

functions! {
    "decode" => text::decode,
    "digest" => crypto::digest,
    "encode" => text::encode,
    "hmac" => crypto::hmac,
    "isHmac" => crypto::is_hmac,
    "milliseconds" => system::milliseconds,
    "print" => system::print,
    "random" => system::random,
    "randomBytes" => system::random_bytes,
    "urlFormDecode" => url::form_decode,
    "urlFormEncode" => url::form_encode,
    "urlParse" => url::parse,
    "urlSet" => url::set,
    "variables" => system::variables,
}

fn function<'js, P>(
    ctx: &Ctx<'js>,
    name: &str,
    function: impl IntoJsFunc<'js, P> + 'js,
) -> Result<Function<'js>> {
    Function::new(ctx.clone(), function)?.with_name(name)
}

impl ModuleDef for Native {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        NAMES.iter().try_for_each(|name| declarations.declare(*name).map(drop))
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        export(ctx, exports)
    }
}
