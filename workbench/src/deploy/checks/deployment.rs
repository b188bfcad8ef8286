//! One deployment as AWS shows it. Each part is read once, when a check first asks for it, even
//! from many threads.

use std::sync::OnceLock;

use post_confirmation_host::config::{MAPPER_IMAGE, UNDELIVERED_QUEUE_URL};
use serde_json::{Value, json};

use super::NotChecked;
use crate::deploy::answer;
use crate::deploy::aws::{self, AwsError};
use crate::deploy::dry_run::{Failed, Sample, TryError, dry_run};
use crate::deploy::functions::{RUNTIME, configuration, layers_of};
use crate::deploy::names::{self, ALIAS, Names, last};
use crate::deploy::settings::{Variables, settings_of};
use crate::deploy::zips::{IMAGE, MANIFEST, layer_content};

/// A part that is read once.
type Once<T> = OnceLock<Result<T, NotChecked>>;

/// The user pool and the function with what belongs to it.
pub struct Deployment {
    /// The pool's id.
    pub pool_id: String,
    /// The names around the function.
    pub names: Names,
    /// `--function NAME` after a blank, if that is not the default.
    pub option: String,
    pool: Once<Option<Value>>,
    called: Once<Option<Value>>,
    statements: Once<Vec<Value>>,
    mapper: Once<Option<MapperLayer>>,
    queue: Once<Option<Value>>,
    dead_letters: Once<Option<Value>>,
    mappings: Once<Vec<Value>>,
    redelivery: Once<Option<Value>>,
    tried: Once<Option<Failed>>,
    redelivery_tried: Once<Option<Failed>>,
    reserved: Once<Option<u64>>,
    redelivery_reserved: Once<Option<u64>>,
}

/// The layer version that holds the mapper.
#[derive(Clone)]
pub struct MapperLayer {
    /// Its ARN.
    pub arn: String,
    /// The manifest's bytes, if it has one.
    pub manifest: Option<Vec<u8>>,
}

/// What is in `cell`, which `read` fills.
fn once<T>(cell: &Once<T>, read: impl FnOnce() -> Result<T, NotChecked>) -> Result<&T, NotChecked> {
    cell.get_or_init(read).as_ref().map_err(Clone::clone)
}

impl Deployment {
    /// Reads nothing yet.
    pub fn new(pool_id: &str, names: Names) -> Deployment {
        Deployment {
            pool_id: pool_id.to_owned(),
            option: names.option(),
            names,
            pool: Once::new(),
            called: Once::new(),
            statements: Once::new(),
            mapper: Once::new(),
            queue: Once::new(),
            dead_letters: Once::new(),
            mappings: Once::new(),
            redelivery: Once::new(),
            tried: Once::new(),
            redelivery_tried: Once::new(),
            reserved: Once::new(),
            redelivery_reserved: Once::new(),
        }
    }

    /// The command that attaches the pool.
    pub fn attach(&self) -> String {
        format!("`mapper attach {}{}`", self.pool_id, self.option)
    }

    /// The command that makes what is missing.
    pub fn create(&self) -> String {
        format!("`mapper create{}`, or deploy the stack again", self.option)
    }

    /// The command that puts another mapper into both functions.
    pub fn swap(&self) -> String {
        format!("`mapper swap MAPPER{}`, or deploy the stack again", self.option)
    }

    /// The command that changes a setting of both functions.
    pub fn change(&self, setting: &str) -> String {
        format!("`mapper create{} --set {setting}`, or the stack's parameter", self.option)
    }

    /// The user pool, if there is one.
    pub fn found_pool(&self) -> Result<Option<&Value>, NotChecked> {
        let found = once(&self.pool, || {
            let asked = json!({ "UserPoolId": self.pool_id });
            match aws::find("cognito-idp", "describe-user-pool", asked)? {
                Some(found) => Ok(Some(answer::object(&found, "UserPool")?.clone())),
                None => Ok(None),
            }
        })?;
        Ok(found.as_ref())
    }

    /// The user pool.
    pub fn pool(&self) -> Result<&Value, NotChecked> {
        self.found_pool()?.ok_or_else(|| NotChecked::lacks("there is no such pool"))
    }

    /// The ARN of the pool.
    pub fn pool_arn(&self) -> Result<&str, NotChecked> {
        Ok(answer::text(self.pool()?, "Arn")?)
    }

    /// The ARN of what the pool calls after a confirmation.
    pub fn trigger(&self) -> Result<Option<&str>, NotChecked> {
        Ok(answer::filled(&self.pool()?["LambdaConfig"], "PostConfirmation"))
    }

    /// The ARN that the function has in the pool's account and region.
    pub fn function_arn(&self) -> Result<String, NotChecked> {
        let resource = format!("function:{}", self.names.function);
        Ok(names::arn(self.pool_arn()?, "lambda", &resource))
    }

    /// The alias or version that Cognito calls: the pool's if it calls this function, else `live`.
    pub fn qualifier(&self) -> &str {
        // The checks of the pool say why it can't be read; those of the function go on without it.
        let (Ok(Some(called)), Ok(ours)) = (self.trigger(), self.function_arn()) else {
            return ALIAS;
        };
        match called.strip_prefix(&ours) {
            Some("") => "$LATEST",
            Some(rest) => rest.strip_prefix(':').unwrap_or(ALIAS),
            None => ALIAS,
        }
    }

    /// The configuration of the version that Cognito calls, if there is one.
    pub fn called(&self) -> Result<Option<&Value>, NotChecked> {
        let found =
            once(&self.called, || Ok(configuration(&self.names.function, self.qualifier())?))?;
        Ok(found.as_ref())
    }

    /// The configuration of the version that Cognito calls.
    pub fn function(&self) -> Result<&Value, NotChecked> {
        self.called()?.ok_or_else(|| {
            NotChecked::lacks(format!(
                "there is no function {}:{}",
                self.names.function,
                self.qualifier()
            ))
        })
    }

    /// The settings of the function.
    pub fn variables(&self) -> Result<Variables, NotChecked> {
        Ok(settings_of(self.function()?))
    }

    /// The statements of the policy of the alias or version that Cognito calls.
    pub fn statements(&self) -> Result<&[Value], NotChecked> {
        Ok(once(&self.statements, || statements(&self.names.function, self.qualifier()))?)
    }

    /// The layer version that holds the mapper.
    pub fn mapper(&self) -> Result<Option<&MapperLayer>, NotChecked> {
        let found = once(&self.mapper, || {
            if self.variables()?.get(MAPPER_IMAGE).is_some_and(|image| !image.starts_with("/opt/"))
            {
                return Err(NotChecked::lacks("MAPPER_IMAGE names a file that is not in a layer"));
            }
            // The last layer wins.
            for arn in layers_of(self.function()?)?.into_iter().rev() {
                if let Some(manifest) = manifest_beside_image(&arn)? {
                    return Ok(Some(MapperLayer { arn, manifest }));
                }
            }
            Ok(None)
        })?;
        Ok(found.as_ref())
    }

    /// The URL of the queue that the function keeps events in.
    pub fn queue_url(&self) -> Result<String, NotChecked> {
        let url = self.variables()?.remove(UNDELIVERED_QUEUE_URL);
        url.ok_or_else(|| NotChecked::lacks("the function has no queue"))
    }

    /// The attributes of that queue, if it exists.
    pub fn found_queue(&self) -> Result<Option<&Value>, NotChecked> {
        Ok(once(&self.queue, || queue_attributes(&self.queue_url()?))?.as_ref())
    }

    /// The attributes of that queue.
    pub fn queue(&self) -> Result<&Value, NotChecked> {
        self.found_queue()?.ok_or_else(|| NotChecked::lacks("the queue does not exist"))
    }

    /// The ARN of its dead-letter queue, if it has one.
    pub fn dead_letters_arn(&self) -> Result<Option<String>, NotChecked> {
        let queue = self.queue()?;
        if queue["RedrivePolicy"].as_str().is_none_or(str::is_empty) {
            return Ok(None);
        }
        let policy = answer::json_in_text(queue, "RedrivePolicy")?;
        Ok(policy["deadLetterTargetArn"].as_str().map(str::to_owned))
    }

    /// The URL of its dead-letter queue, which is in the same account and region.
    fn dead_letters_url(&self) -> Result<String, NotChecked> {
        let arn = self.dead_letters_arn()?;
        let arn = arn.ok_or_else(|| NotChecked::lacks("the queue has no dead-letter queue"))?;
        let url = self.queue_url()?;
        let place = url.rsplit_once('/').map_or("", |(place, _)| place);
        Ok(format!("{place}/{}", last(&arn, ':')))
    }

    /// The attributes of its dead-letter queue, if that exists.
    pub fn dead_letters(&self) -> Result<Option<&Value>, NotChecked> {
        let found = once(&self.dead_letters, || queue_attributes(&self.dead_letters_url()?))?;
        Ok(found.as_ref())
    }

    /// The event source mappings of the queue.
    pub fn mappings(&self) -> Result<&[Value], NotChecked> {
        Ok(once(&self.mappings, || mappings(answer::text(self.queue()?, "QueueArn")?))?)
    }

    /// The event source mapping of the queue to any version of the redelivery function.
    pub fn mapping(&self) -> Result<Option<&Value>, NotChecked> {
        for found in self.mappings()? {
            if function_of(answer::text(found, "FunctionArn")?) == self.names.redelivery() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The alias or version that the event source mapping calls, `live` if there is no mapping.
    pub fn redelivery_qualifier(&self) -> Result<String, NotChecked> {
        let called = match self.fed() {
            Ok(called) => called,
            Err(error) if error.lacks_a_part => return Err(error),
            // As with the pool.
            Err(_) => None,
        };
        let Some(called) = called else { return Ok(ALIAS.to_owned()) };
        let name = format!(":{}:", self.names.redelivery());
        let qualifier = called.split_once(&name).map_or("$LATEST", |(_, qualifier)| qualifier);
        Ok(qualifier.to_owned())
    }

    /// The ARN of what the event source mapping calls.
    fn fed(&self) -> Result<Option<&str>, NotChecked> {
        if !self.variables()?.contains_key(UNDELIVERED_QUEUE_URL) || self.found_queue()?.is_none() {
            return Ok(None);
        }
        let mapping = self.mapping()?;
        Ok(mapping.map(|mapping| answer::text(mapping, "FunctionArn")).transpose()?)
    }

    /// The configuration of the redelivery function, if there is one.
    pub fn found_redelivery(&self) -> Result<Option<&Value>, NotChecked> {
        let found = once(&self.redelivery, || {
            Ok(configuration(&self.names.redelivery(), &self.redelivery_qualifier()?)?)
        })?;
        Ok(found.as_ref())
    }

    /// The configuration of the redelivery function.
    pub fn redelivery(&self) -> Result<&Value, NotChecked> {
        let qualifier = self.redelivery_qualifier()?;
        self.found_redelivery()?.ok_or_else(|| {
            NotChecked::lacks(format!(
                "there is no function {}:{qualifier}",
                self.names.redelivery()
            ))
        })
    }

    /// The failure of the function at an event, None if it maps it.
    pub fn tried(&self) -> Result<Option<&Failed>, NotChecked> {
        let failed =
            once(&self.tried, || tried(self.function()?, self.qualifier(), self.reserved()?))?;
        Ok(failed.as_ref())
    }

    /// The same of the redelivery function.
    pub fn redelivery_tried(&self) -> Result<Option<&Failed>, NotChecked> {
        let failed = once(&self.redelivery_tried, || {
            let qualifier = self.redelivery_qualifier()?;
            tried(self.redelivery()?, &qualifier, self.redelivery_reserved()?)
        })?;
        Ok(failed.as_ref())
    }

    /// The reserved concurrency of the function.
    pub fn reserved(&self) -> Result<Option<u64>, NotChecked> {
        once(&self.reserved, || reserved(&self.names.function)).copied()
    }

    /// The reserved concurrency of the redelivery function.
    pub fn redelivery_reserved(&self) -> Result<Option<u64>, NotChecked> {
        once(&self.redelivery_reserved, || reserved(&self.names.redelivery())).copied()
    }
}

/// The manifest in a layer version that holds an image, if it has one; None if it holds no image.
fn manifest_beside_image(arn: &str) -> Result<Option<Option<Vec<u8>>>, NotChecked> {
    let mut content =
        layer_content(arn).map_err(|error| match error.downcast_ref::<AwsError>() {
            // A function goes on with a version that was deleted.
            Some(refused) if refused.is_not_found() => NotChecked::lacks(refused),
            _ => error.into(),
        })?;
    if !content.has(IMAGE) {
        return Ok(None);
    }
    Ok(Some(if content.has(MANIFEST) { Some(content.read(MANIFEST)?) } else { None }))
}

/// The statements of the policy of a function's alias or version; none if it has no policy.
fn statements(function: &str, qualifier: &str) -> Result<Vec<Value>, NotChecked> {
    let mut asked = json!({ "FunctionName": function });
    if qualifier != "$LATEST" {
        asked["Qualifier"] = qualifier.into();
    }
    let Some(found) = aws::find("lambda", "get-policy", asked)? else { return Ok(Vec::new()) };
    let policy = answer::json_in_text(&found, "Policy")?;
    Ok(answer::list(&policy, "Statement")?.to_vec())
}

/// How the function with this configuration fails at an event.
fn tried(
    function: &Value,
    qualifier: &str,
    reserved: Option<u64>,
) -> Result<Option<Failed>, NotChecked> {
    if answer::text(function, "Runtime")? != RUNTIME || reserved == Some(0) {
        return Err(NotChecked::lacks("the function can't be called, or is another program"));
    }
    let name = answer::text(function, "FunctionName")?;
    match dry_run(name, qualifier, &Sample::sign_up()?.event) {
        Err(TryError::Failed(failed)) => Ok(Some(failed)),
        answer => Ok(answer.map(|_| None)?),
    }
}

/// The attributes of a queue, if it exists.
fn queue_attributes(url: &str) -> Result<Option<Value>, NotChecked> {
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let Some(found) = aws::find("sqs", "get-queue-attributes", asked)? else { return Ok(None) };
    Ok(Some(answer::object(&found, "Attributes")?.clone()))
}

/// The event source mappings of the queue with this ARN.
fn mappings(queue: &str) -> Result<Vec<Value>, NotChecked> {
    let asked = json!({ "EventSourceArn": queue });
    let found = aws::call("lambda", "list-event-source-mappings", asked)?;
    Ok(answer::list(&found, "EventSourceMappings")?.to_vec())
}

/// The name of the function in the ARN of it or of an alias.
pub fn function_of(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or_default()
}

fn reserved(function: &str) -> Result<Option<u64>, NotChecked> {
    let asked = json!({ "FunctionName": function });
    let found = aws::call("lambda", "get-function-concurrency", asked)?;
    Ok(found["ReservedConcurrentExecutions"].as_u64())
}
