//! The names of the parts of one deployment. Every recipe derives them from the function's name.

use std::array;

/// The function's name, if a recipe gets no other.
pub const DEFAULT: &str = "post-confirmation";
/// The alias of both functions. The pool's trigger and the event source mapping name it, so a
/// rollback can move it.
pub const ALIAS: &str = "live";

/// The id of a user pool, as an argument.
///
/// # Errors
/// It is none.
pub fn pool_id(text: &str) -> Result<String, String> {
    let is_id = text
        .split_once('_')
        .is_some_and(|(region, name)| region.split('-').all(is_word) && is_word(name));
    is_id.then(|| text.to_owned()).ok_or_else(|| {
        "an id is REGION_NAME, like eu-central-1_AbCdEf123; `aws cognito-idp list-user-pools --max-results 60` lists \
         them"
            .to_owned()
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// The region of the pool with this id, which begins with it.
pub fn region_of(pool: &str) -> &str {
    pool.split_once('_').map_or(pool, |(region, _)| region)
}

/// The function that a recipe works on.
#[derive(clap::Args)]
pub struct FunctionName {
    /// The function's name.
    #[arg(long, value_name = "NAME", default_value = DEFAULT)]
    function: String,
}

impl FunctionName {
    /// The names around it.
    pub fn names(&self) -> Names {
        Names { function: self.function.clone() }
    }
}

/// The names around the trigger's function.
#[derive(Clone)]
pub struct Names {
    /// The function that Cognito calls.
    pub function: String,
}

impl Names {
    /// `--function NAME` after a blank, if that is not the default.
    pub fn option(&self) -> String {
        match self.function.as_str() {
            DEFAULT => String::new(),
            function => format!(" --function {function}"),
        }
    }

    /// The function that reads the queue.
    pub fn redelivery(&self) -> String {
        format!("{}-redelivery", self.function)
    }

    /// The queue of events that the backend did not take.
    pub fn queue(&self) -> String {
        format!("{}-undelivered", self.function)
    }

    /// The queue of events that redelivery gave up.
    pub fn dead_letters(&self) -> String {
        format!("{}-dead-letters", self.function)
    }

    /// The layer with the mapper's image.
    pub fn layer(&self) -> String {
        format!("{}-mapper", self.function)
    }

    /// Both functions: the trigger's, then the redelivery's. Their roles are called like them.
    pub fn functions(&self) -> [String; 2] {
        [self.function.clone(), self.redelivery()]
    }
}

/// The name of the permission by which the pool with this id may call the function's alias.
pub fn statement_id(pool: &str) -> String {
    format!("cognito-{pool}")
}

/// The description of an alias that is at `version`, and was at `former` before. It has both
/// numbers, because others may move the alias without changing the description.
pub fn remembered(version: &str, former: &str) -> String {
    format!("version {version}, before it version {former}")
}

/// The ARN of `resource` of `service` in the account and region of the ARN `like`.
pub fn arn(like: &str, service: &str, resource: &str) -> String {
    let mut parts = like.split(':');
    let [_, partition, _, region, account]: [&str; 5] =
        array::from_fn(|_| parts.next().unwrap_or_default());
    format!("arn:{partition}:{service}:{region}:{account}:{resource}")
}

/// What stands in an ARN, or in a name with slashes, after its last `separator`.
pub fn last(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or(text)
}
