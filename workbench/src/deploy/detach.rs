//! `mapper detach`: a user pool no longer calls the function after a confirmation.

use anyhow::{Result, bail};

use super::names::ALIAS;
use super::pool::{Pool, PoolArgs};
use super::rights::{CHANGE_POOL, On, PASS_SMS_ROLE, Right};
use super::talk::say;
use super::{access, changes, place};

/// Make a user pool no longer call the function, and change nothing else of the pool.
///
/// Removes LambdaConfig.PostConfirmation of the pool POOL if it is the function, keeps every other
/// setting and trigger, and removes the permission that `attach` gave, and the right to write to
/// the pool's users. It asks, saves, reads again and compares like `attach`. From then on the
/// backend does not hear of confirmed users: `reconcile` finds them later. Events of this pool that
/// wait in the queue may need the right: let it become empty first.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper detach eu-central-1_AbCdEf123

Exit status: 0 if the pool does not call the function, 1 if the trigger is another function, AWS refused, or
another setting is different afterwards.")]
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
        &["lambda:RemovePermission", "lambda:GetFunctionConfiguration", "lambda:GetPolicy"],
    ),
    (On::Roles, &["iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"]),
];

pub fn run(args: &Args) -> Result<bool> {
    let PoolArgs { pool, yes, policy, .. } = &args.pool;
    let names = args.pool.names();
    if policy.print(&RIGHTS, &names, Some(pool))? {
        return Ok(true);
    }
    place::announce(Some(pool))?;
    let pool = Pool::read(pool)?;
    let ours = pool.function_arn(&names.function);
    match pool.trigger() {
        None => say(format!(
            "user pool {} calls nothing after a confirmation; nothing to change",
            pool.id
        )),
        Some(trigger) if format!("{trigger}:").starts_with(&format!("{ours}:")) => {
            let change = pool.agree(None, yes)?;
            change.update()?;
            change.compare()?;
            say(format!("user pool {} now calls nothing after a confirmation", pool.id));
        }
        Some(trigger) => {
            bail!("user pool {} calls another function, {trigger}; nothing was changed", pool.id)
        }
    }
    changes::leave(
        "The pool does not call the function. Run this again to take away what else it was given.",
    );
    access::forbid(&pool, &format!("{ours}:{ALIAS}"), &names)?;
    Ok(true)
}
