//! One of the two functions as `create` makes it: its settings, its log group, its role and its
//! version.

use std::path::Path;

use anyhow::Result;

use crate::deploy::functions::{self, Wanted, configuration};
use crate::deploy::live::Move;
use crate::deploy::names::{self, ALIAS, Names};
use crate::deploy::queues::{Queue, ensure_log_group};
use crate::deploy::role::{Needs, RECEIVE, SEND, ensure_role};
use crate::deploy::settings::{Variables, settings_of};

/// In seconds. Cognito waits 5; a redelivery has a batch of ten.
const TIMEOUT: u64 = 6;
/// The same of redelivery.
pub const REDELIVERY_TIMEOUT: u64 = 30;

/// One of the two functions as it is to be.
pub struct Part {
    /// Its name, and that of its role.
    pub name: String,
    /// The settings of the version that is live.
    pub live: Variables,
    /// The settings that it is to have.
    pub wanted: Variables,
    /// What it does with the queue.
    actions: &'static [&'static str],
    /// In seconds.
    timeout: u64,
}

impl Part {
    /// The trigger's function and redelivery's, with the settings that each is to have.
    ///
    /// # Errors
    /// AWS does not show what is live.
    pub fn both(names: &Names, wanted: [Variables; 2]) -> Result<[Part; 2]> {
        let ([trigger, redelivery], [of_trigger, of_redelivery]) = (names.functions(), wanted);
        Ok([
            Part {
                live: live_settings(&trigger)?,
                name: trigger,
                wanted: of_trigger,
                actions: &SEND,
                timeout: TIMEOUT,
            },
            Part {
                live: live_settings(&redelivery)?,
                name: redelivery,
                wanted: of_redelivery,
                actions: &RECEIVE,
                timeout: REDELIVERY_TIMEOUT,
            },
        ])
    }

    fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.name)
    }

    /// What its role may do for the settings that it is to have.
    pub fn needs<'a>(&'a self, queue: &'a Queue) -> Needs<'a> {
        Needs {
            log_group: names::arn(&queue.arn, "logs", &format!("log-group:{}", self.log_group())),
            queue: &queue.arn,
            queue_actions: self.actions,
            variables: &self.wanted,
        }
    }

    /// Makes the log group and the role, which may do what the live version needs until another one
    /// is live. Returns the role's ARN.
    ///
    /// # Errors
    /// What AWS refuses.
    pub fn ensure_role(&self, queue: &Queue) -> Result<String> {
        ensure_log_group(&self.log_group())?;
        ensure_role(&self.name, &self.needs(queue).policy(&self.live))
    }

    /// Makes the function or brings its settings up to date, and publishes that. Returns the
    /// version that is to go live. `role` and `layer` are ARNs.
    ///
    /// # Errors
    /// What AWS refuses.
    pub fn publish(&self, role: &str, layer: &str, code: &Path, arch: &str) -> Result<Move> {
        let version = functions::ensure_function(&Wanted {
            name: &self.name,
            role,
            layer,
            code,
            arch,
            variables: &self.wanted,
            timeout: self.timeout,
        })?;
        Ok(Move { function: self.name.clone(), version })
    }
}

/// The settings of the version of a function that is live.
fn live_settings(function: &str) -> Result<Variables> {
    Ok(configuration(function, ALIAS)?.as_ref().map(settings_of).unwrap_or_default())
}
