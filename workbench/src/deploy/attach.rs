//! `mapper attach`: a user pool calls the function after each confirmation.

use std::collections::BTreeSet;

use anyhow::{Context, Error, Result, anyhow};

use super::dry_run::{Sample, ready};
use super::names::{ALIAS, Names};
use super::permission::attached;
use super::pool::{Pool, PoolArgs};
use super::rights::{CHANGE_POOL, On, PASS_SMS_ROLE, Right};
use super::talk::say;
use super::{access, answer, changes, interrupt, place, versions};

/// Make a user pool call the function after each confirmation, and change nothing else of the pool.
///
/// Sets LambdaConfig.PostConfirmation of the pool POOL to the function's alias `live`, and keeps
/// every other setting and trigger. It lets the function map an event in a dry run, shows the
/// difference and asks. Then it saves the pool's description into a file of
/// `~/.local/state/post-confirmation` (or of `$XDG_STATE_HOME`), gives the pool the permission to
/// call the alias, updates the pool, reads it again and compares. If that fails before the update,
/// it takes back what it gave. If COGNITO_ATTRIBUTES or COGNITO_GROUPS is set, it gives the roles
/// of both functions the right to write to the pool's users, unless they have it. Running it again
/// does no harm.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper attach eu-central-1_AbCdEf123
  mapper attach eu-central-1_AbCdEf123 --function users --yes

Exit status: 0 if the pool calls the function, 1 if something is missing, the function can't handle events,
AWS refused, or another setting is different afterwards.")]
pub struct Args {
    #[command(flatten)]
    pool: PoolArgs,
}

/// What it needs.
const RIGHTS: [Right; 4] = [
    CHANGE_POOL,
    PASS_SMS_ROLE,
    (
        On::Functions,
        &[
            "lambda:GetAlias",
            "lambda:GetFunctionConfiguration",
            "lambda:InvokeFunction",
            "lambda:GetPolicy",
            "lambda:AddPermission",
            "lambda:RemovePermission",
        ],
    ),
    (
        On::Roles,
        &[
            "iam:SimulatePrincipalPolicy",
            "iam:GetRolePolicy",
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy",
        ],
    ),
];

pub fn run(args: &Args) -> Result<bool> {
    let PoolArgs { pool, yes, policy, .. } = &args.pool;
    let names = args.pool.names();
    if policy.print(&RIGHTS, &names, Some(pool))? {
        return Ok(true);
    }
    place::announce(Some(pool))?;
    let pool = Pool::read(pool)?;
    let alias = versions::alias(&names.function)?.with_context(|| {
        format!(
            "there is no function {} with an alias {ALIAS} in this account and region; make it with `mapper create` \
             or by a stack",
            names.function
        )
    })?;
    // A function that can't handle an event must not get one: Cognito never calls twice.
    ready(&names.function, ALIAS, &Sample::sign_up()?)?;
    let arn = answer::text(&alias, "AliasArn")?;
    if pool.trigger() == Some(arn) {
        let others = attached(arn)?;
        changes::leave("Run this again to finish.");
        access::allow(&pool, arn, &names, &others)?;
        say(format!("user pool {} calls {arn} already; nothing to change", pool.id));
    } else {
        let change = pool.agree(Some(arn), yes)?;
        let before = attached(arn)?;
        changes::leave("");
        // The permission first: a call without it fails, and the user is lost.
        let allowed = access::allow(&pool, arn, &names, &before);
        if let Err(error) = allowed.and_then(|()| change.update()) {
            return Err(put_back(&pool, arn, &names, &before, error));
        }
        change.compare()?;
        say(format!("user pool {} now calls {arn} after each confirmation", pool.id));
    }
    Ok(true)
}

/// Takes back what the pool and the functions were allowed, unless the pool was among those
/// `before`, or calls the function in spite of the error. Returns the error, with what AWS refused.
fn put_back(
    pool: &Pool,
    alias: &str,
    names: &Names,
    before: &BTreeSet<String>,
    error: Error,
) -> Error {
    interrupt::ignore();
    say("That failed; restoring the former state");
    let restored = match Pool::read(&pool.id) {
        Ok(now) if now.trigger() == Some(alias) => {
            return anyhow!("{error:#}\nThe pool calls the function now; run this again");
        }
        Ok(_) if before.contains(&pool.arn) => Ok(()),
        Ok(_) => access::forbid(pool, alias, names),
        Err(other) => Err(other),
    };
    match restored {
        Ok(()) => {
            say("The pool is as it was, and may do what it could before.");
            error
        }
        Err(other) => anyhow!(
            "{error:#}\nNot everything could be restored: {other:#}\nFinish with `mapper attach {id}{option}`, or go \
             back with `mapper detach {id}{option}`",
            id = pool.id,
            option = names.option()
        ),
    }
}
