//! Changing the post-confirmation trigger of a user pool and nothing else.
//!
//! AWS has no call that changes one setting: `update-user-pool` resets every setting that it does
//! not get. So every setting is read, sent back and read again. Amplify's own trigger resource does
//! the same: <https://github.com/aws-amplify/amplify-cli>,
//! `packages/amplify-category-auth/.../auth-custom-resource`. If AWS refuses such an update, the
//! pool stays as it was.

mod leaves;
mod parameters;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::aws::{self, AwsError};
use super::names::{self, FunctionName, Names, pool_id};
use super::rights::PrintPolicy;
use super::talk::{self, Yes, say};
use super::{answer, changes, interrupt, state};
use leaves::Leaves;

/// The path of the trigger among the settings of a pool.
const TRIGGER: &str = "LambdaConfig.PostConfirmation";

/// The arguments of a recipe that changes a pool's trigger.
#[derive(clap::Args)]
pub struct PoolArgs {
    /// The user pool's id.
    #[arg(value_name = "POOL", value_parser = pool_id)]
    pub pool: String,
    #[command(flatten)]
    function: FunctionName,
    #[command(flatten)]
    pub yes: Yes,
    #[command(flatten)]
    pub policy: PrintPolicy,
}

impl PoolArgs {
    /// The names around the function.
    pub fn names(&self) -> Names {
        self.function.names()
    }
}

/// A user pool as AWS describes it: the answers to `describe-user-pool` and
/// `get-user-pool-mfa-config`.
pub struct Pool {
    described: Value,
    mfa: Value,
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    name: String,
}

impl Pool {
    /// The pool with this id.
    ///
    /// # Errors
    /// There is none, or AWS refuses to show it.
    pub fn read(id: &str) -> Result<Pool> {
        let asked = json!({ "UserPoolId": id });
        let found =
            aws::call("cognito-idp", "describe-user-pool", asked.clone()).map_err(|error| {
                match error.code() {
                    "ResourceNotFoundException" => anyhow!(
                        "no user pool {id} in this account and region; check the id and AWS_PROFILE"
                    ),
                    _ => error.into(),
                }
            })?;
        let described = answer::object(&found, "UserPool")?;
        Ok(Pool {
            id: answer::text(described, "Id")?.to_owned(),
            arn: answer::text(described, "Arn")?.to_owned(),
            name: answer::text(described, "Name")?.to_owned(),
            described: described.clone(),
            mfa: aws::call("cognito-idp", "get-user-pool-mfa-config", asked)?,
        })
    }

    /// The ARN of the function that is called after a confirmation.
    pub fn trigger(&self) -> Option<&str> {
        answer::filled(&self.described["LambdaConfig"], "PostConfirmation")
    }

    /// The ARN that `function` has in the pool's account and region.
    pub fn function_arn(&self, function: &str) -> String {
        names::arn(&self.arn, "lambda", &format!("function:{function}"))
    }

    /// Every setting that is set.
    fn settings(&self) -> Leaves {
        leaves::settings(&self.described, &self.mfa)
    }

    /// The change of the trigger to the ARN `trigger`, or to none, if the person agrees.
    ///
    /// # Errors
    /// They don't agree, AWS refuses, or the pool can't be saved.
    pub fn agree<'a>(&'a self, trigger: Option<&'a str>, yes: &Yes) -> Result<Change<'a>> {
        let wanted = self.update(trigger, &parameters::accepted()?);
        say(format!("user pool {} ({}), {TRIGGER}:", self.id, self.name));
        if let Some(former) = self.trigger() {
            let lost = if trigger.is_some() { " (this function is no longer called)" } else { "" };
            say(format!("  - {former}{lost}"));
        }
        if let Some(trigger) = trigger {
            say(format!("  + {trigger}"));
        }
        say("Every other setting stays as it is.");
        talk::require("Change the pool?", yes, "nothing was changed")?;
        // The update would undo a change that somebody else made since then.
        ensure!(
            Pool::read(&self.id)?.settings() == self.settings(),
            "user pool {} was changed by somebody else meanwhile; nothing was changed here, run this again",
            self.id
        );
        let former = self.save()?;
        say(format!("{former}: the pool as it was"));
        Ok(Change { pool: self, trigger, wanted, former })
    }

    /// The input of `update-user-pool` that changes only the trigger; `parameters` are the names
    /// that it takes.
    fn update(&self, trigger: Option<&str>, parameters: &[String]) -> Value {
        let mut wanted = leaves::sendable(&self.described);
        wanted.retain(|name, _| parameters.contains(name));
        let mut triggers = wanted.remove("LambdaConfig").unwrap_or_else(|| json!({}));
        if let Some(triggers) = triggers.as_object_mut() {
            triggers.remove("PostConfirmation");
            triggers.extend(trigger.map(|arn| ("PostConfirmation".to_owned(), arn.into())));
        }
        wanted.insert("UserPoolId".to_owned(), self.id.clone().into());
        wanted.insert("PoolName".to_owned(), self.name.clone().into());
        wanted.insert("LambdaConfig".to_owned(), triggers);
        wanted.into()
    }

    /// Writes the pool's description into a new file and returns its path.
    fn save(&self) -> Result<String> {
        let content = json!({ "UserPool": self.described, "MfaConfig": self.mfa });
        let saved = state::save(&format!("{}.before", self.id), &format!("{content:#}"));
        let file =
            saved.context("the pool's description can't be saved, so nothing was changed")?;
        Ok(file.display().to_string())
    }

    /// What to say of an update that failed.
    fn refusal(&self, error: AwsError) -> anyhow::Error {
        match error.code() {
            "ConcurrentModificationException" => anyhow!(
                "user pool {}: AWS takes one update of a pool at a time, and another one is running; run this again",
                self.id
            ),
            "" => anyhow!("{error}\nRun this again to see whether the pool was changed"),
            _ => anyhow!("{error}\nAWS refused the update, so the pool is as it was"),
        }
    }
}

/// A change of a pool's trigger, to which the person has agreed.
pub struct Change<'a> {
    pool: &'a Pool,
    trigger: Option<&'a str>,
    /// The input of `update-user-pool`.
    wanted: Value,
    /// The file with the pool as it was.
    former: String,
}

impl Change<'_> {
    /// Updates the pool; [`Change::compare`] comes next.
    ///
    /// # Errors
    /// AWS refuses, or does not answer.
    pub fn update(&self) -> Result<()> {
        changes::leave("");
        interrupt::check()?;
        // The pool has to be compared, whatever the person does.
        interrupt::ignore();
        let updated = aws::call("cognito-idp", "update-user-pool", self.wanted.clone());
        let Err(error) = updated else { return Ok(()) };
        // An answer can be lost although the pool was updated.
        let lost = error.code().is_empty()
            && Pool::read(&self.pool.id).is_ok_and(|pool| pool.trigger() == self.trigger);
        if lost { Ok(()) } else { Err(self.pool.refusal(error)) }
    }

    /// Reads the pool again and compares every setting.
    ///
    /// # Errors
    /// AWS does not show the pool, or another setting is different.
    pub fn compare(&self) -> Result<()> {
        let Change { pool, trigger, former, .. } = self;
        changes::leave(format!(
            "The trigger is changed, but the pool's other settings could not be compared with {former}, the pool as \
             it was: compare them with `aws cognito-idp describe-user-pool`, and run this again to finish."
        ));
        let after = Pool::read(&pool.id)?;
        changes::leave("");
        let (mut wanted, mut found) = (pool.settings(), after.settings());
        wanted.remove(TRIGGER);
        found.remove(TRIGGER);
        let mut faults = Vec::new();
        if after.trigger() != *trigger {
            faults.push(format!("{TRIGGER} is {}", after.trigger().unwrap_or("not set")));
        }
        faults.extend(leaves::differences(&wanted, &found));
        ensure!(
            faults.is_empty(),
            "user pool {} has unexpected settings after the update:\n  {}\n{former} holds the pool as it was: set \
             these back in the console or with `aws cognito-idp update-user-pool` (with every setting) and \
             `set-user-pool-mfa-config`",
            pool.id,
            faults.join("\n  ")
        );
        say("The pool's other settings are as before.");
        Ok(())
    }
}
