//! `mapper attach`: a user pool calls the function after each confirmation.

use anyhow::{Context, Result};

use super::dry_run::{Sample, ready};
use super::names::{ALIAS, Names};
use super::permission::{attached, permit};
use super::pool::{Pool, PoolArgs};
use super::rights::{CHANGE_POOL, On, PASS_SMS_ROLE, Right};
use super::talk::say;
use super::{answer, place, user_rights, versions};

/// Make a user pool call the function after each confirmation, and change nothing else of the pool.
///
/// Sets LambdaConfig.PostConfirmation of the pool POOL to the function's alias `live`, and keeps
/// every other setting and trigger. It lets the function map an event in a dry run, shows the
/// difference and asks. Then it saves the pool's description into a file of
/// `~/.local/state/post-confirmation` (or of `$XDG_STATE_HOME`), gives the pool the permission to
/// call the alias, updates the pool, reads it again and compares. If COGNITO_ATTRIBUTES or
/// COGNITO_GROUPS is set, it gives the roles of both functions the right to write to the pool's
/// users, unless they have it. Running it again does no harm.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 if the pool calls the function, 1 if something is missing, the function can't handle events,
AWS refused, or another setting is different afterwards."
)]
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
    (On::Roles, &["iam:SimulatePrincipalPolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"]),
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
        allow(&pool, arn, &names)?;
        say(format!("user pool {} calls {arn} already; nothing to change", pool.id));
    } else {
        // The permission first: a call without it fails, and the user is lost.
        pool.change(Some(arn), yes, || allow(&pool, arn, &names))?;
        say(format!("user pool {} now calls {arn} after each confirmation", pool.id));
    }
    Ok(true)
}

/// Lets the pool call the alias, and the functions write to the pool's users if they have to.
fn allow(pool: &Pool, alias: &str, names: &Names) -> Result<()> {
    user_rights::give(names, &pool.arn, &attached(alias)?)?;
    permit(&pool.arn, alias)
}
