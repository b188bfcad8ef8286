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
use super::names::{self, FunctionName, Names};
use super::rights::PrintPolicy;
use super::talk::{self, Yes, say};
use super::{answer, interrupt, state};
use leaves::Leaves;

/// Where the trigger stands among the settings.
const TRIGGER: &str = "LambdaConfig.PostConfirmation";

/// The arguments of a recipe that changes a pool's trigger.
#[derive(clap::Args)]
pub struct PoolArgs {
    /// The user pool's id.
    #[arg(value_name = "POOL")]
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
        let found = aws::call("cognito-idp", "describe-user-pool", asked.clone()).map_err(
            |error| match error.code() {
                "ResourceNotFoundException" => anyhow!(
                    "no user pool {id} in this account and region; check AWS_PROFILE and AWS_REGION"
                ),
                _ => error.into(),
            },
        )?;
        let described = answer::object(&found, "UserPool")?;
        let part = |name| answer::text(described, name).map(str::to_owned);
        Ok(Pool {
            id: part("Id")?,
            arn: part("Arn")?,
            name: part("Name")?,
            described: described.clone(),
            mfa: aws::call("cognito-idp", "get-user-pool-mfa-config", asked)?,
        })
    }

    /// The ARN of the function that is called after a confirmation.
    pub fn trigger(&self) -> Option<&str> {
        self.described["LambdaConfig"]["PostConfirmation"].as_str().filter(|arn| !arn.is_empty())
    }

    /// The ARN that `function` has in the pool's account and region.
    pub fn function_arn(&self, function: &str) -> String {
        names::arn(&self.arn, "lambda", &format!("function:{function}"))
    }

    /// Every setting that is set.
    fn settings(&self) -> Leaves {
        leaves::settings(&self.described, &self.mfa)
    }

    /// Sets the trigger to the ARN `trigger`, or to none, if the person agrees; `before_update` runs
    /// after that.
    ///
    /// # Errors
    /// They don't agree, AWS refuses, or another setting is different afterwards.
    pub fn change(
        &self,
        trigger: Option<&str>,
        yes: &Yes,
        before_update: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
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
        before_update()?;
        // The pool has to be compared, whatever the person does.
        interrupt::ignore();
        aws::call("cognito-idp", "update-user-pool", wanted)
            .map_err(|error| self.refusal(error))?;
        self.compare(&Pool::read(&self.id)?, trigger, &former)?;
        say("The pool's other settings are as before.");
        Ok(())
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

    /// Compares every setting with those of `after`; the file `former` has what was there.
    fn compare(&self, after: &Pool, trigger: Option<&str>, former: &str) -> Result<()> {
        let (mut wanted, mut found) = (self.settings(), after.settings());
        wanted.remove(TRIGGER);
        found.remove(TRIGGER);
        let mut faults = Vec::new();
        if after.trigger() != trigger {
            faults.push(format!("{TRIGGER} is {}", after.trigger().unwrap_or("not set")));
        }
        faults.extend(leaves::differences(&wanted, &found));
        ensure!(
            faults.is_empty(),
            "user pool {} has unexpected settings after the update:\n  {}\n{former} holds the pool as it was: set \
             these back in the console or with `aws cognito-idp update-user-pool` (with every setting) and \
             `set-user-pool-mfa-config`",
            self.id,
            faults.join("\n  ")
        );
        Ok(())
    }
}
