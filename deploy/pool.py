"""Changing the post-confirmation trigger of a user pool and nothing else.

AWS has no call that changes one setting: `update-user-pool` resets every setting that it does not get. So every setting
is read, sent back and read again. Amplify's own trigger resource does the same:
https://github.com/aws-amplify/amplify-cli, `packages/amplify-category-auth/.../auth-custom-resource`. If AWS refuses
such an update, the pool stays as it was.
"""

import argparse
import itertools
import json
from dataclasses import dataclass

import names
from aws import AwsError, Stop, agreed, aws, say
from pool_parameters import accepted

# Values that AWS counts or determines itself.
NOT_SETTINGS = {"EstimatedNumberOfUsers", "LastModifiedDate", "EmailConfigurationFailure", "SmsConfigurationFailure"}
# Lists that an update refuses if they are empty.
NEVER_EMPTY = {"AllowedFirstAuthFactors", "RecoveryMechanisms"}


@dataclass(frozen=True)
class Pool:
    """A user pool as AWS describes it: the answers to describe-user-pool and get-user-pool-mfa-config."""

    described: dict
    mfa: dict

    @property
    def id(self):
        """The pool's id."""
        return self.described["Id"]

    @property
    def arn(self):
        """The pool's ARN."""
        return self.described["Arn"]

    @property
    def trigger(self):
        """The ARN of the function that is called after a confirmation, None if there is none."""
        return self.described.get("LambdaConfig", {}).get("PostConfirmation") or None

    def lambda_arn(self, function):
        """The ARN that `function` has in the pool's account and region."""
        _, partition, _, region, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:lambda:{region}:{account}:function:{function}"

    def settings(self):
        """Every setting that is set, by its path: `("Policies", "PasswordPolicy", "MinimumLength")`."""
        described = {name: value for name, value in self.described.items() if name not in NOT_SETTINGS}
        return paths(without_superseded(described)) | paths({"(MFA configuration)": self.mfa})


def arguments(description, epilog):
    """The arguments of a recipe that changes a pool's trigger: `pool`, `function` and `yes`."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, epilog=epilog, formatter_class=style)
    parser.add_argument("pool", metavar="POOL", help="the user pool's id")
    parser.add_argument("--function", default=names.DEFAULT, help="the function's name (%(default)s)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args()


def read(pool):
    """The pool with the id `pool`. Raises Stop if there is none."""
    try:
        described = aws("cognito-idp", "describe-user-pool", {"UserPoolId": pool})["UserPool"]
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise Stop(f"no user pool {pool} in this account and region; check AWS_PROFILE and AWS_REGION") from None
    return Pool(described, aws("cognito-idp", "get-user-pool-mfa-config", {"UserPoolId": pool}))


def change(pool, trigger, yes, before_update=lambda: None):
    """Sets the trigger of `pool` to the ARN `trigger`, or to none, if the person agrees.

    `before_update` runs after they have agreed. Raises Stop if they don't agree, if AWS refuses, or if another setting
    is different afterwards.
    """
    wanted = update(pool, trigger, accepted())
    say(f"user pool {pool.id} ({pool.described['Name']}), LambdaConfig.PostConfirmation:")
    if pool.trigger:
        say(f"  - {pool.trigger}" + (" (this function is no longer called)" if trigger else ""))
    if trigger:
        say(f"  + {trigger}")
    say("Every other setting stays as it is.")
    if not agreed("Change the pool?", yes):
        raise Stop("not agreed; nothing was changed")
    # The update would undo a change that somebody else made since then.
    if read(pool.id).settings() != pool.settings():
        raise Stop(
            f"user pool {pool.id} was changed by somebody else meanwhile; nothing was changed here, run this again"
        )
    former = save(pool)
    say(f"{former}: the pool as it was")
    before_update()
    try:
        aws("cognito-idp", "update-user-pool", wanted)
    except AwsError as error:
        raise Stop(refusal(pool, error)) from None
    compare(pool, read(pool.id), trigger, former)
    say("The pool's other settings are as before.")


def update(pool, trigger, parameters):
    """The input of update-user-pool that changes only the trigger; `parameters` are the names that it takes."""
    settings = without_empty(without_superseded(pool.described))
    wanted = {name: settings[name] for name in parameters if name in settings}
    triggers = wanted.get("LambdaConfig", {}) | {"PostConfirmation": trigger}
    if not trigger:
        del triggers["PostConfirmation"]
    return wanted | {"UserPoolId": pool.id, "PoolName": pool.described["Name"], "LambdaConfig": triggers}


def without_superseded(described):
    """Settings without the one that a newer one replaces.

    describe-user-pool shows both, and update-user-pool refuses both together: "Please use TemporaryPasswordValidityDays
    in PasswordPolicy instead of UnusedAccountValidityDays" (https://github.com/aws/aws-sdk-js/issues/3817).
    """
    created = described.get("AdminCreateUserConfig", {})
    if "TemporaryPasswordValidityDays" not in described.get("Policies", {}).get("PasswordPolicy", {}):
        return described
    kept = {name: value for name, value in created.items() if name != "UnusedAccountValidityDays"}
    return described | ({"AdminCreateUserConfig": kept} if created else {})


def without_empty(value):
    """Settings without empty texts and objects, which mean "not set" and which an update refuses."""
    if not isinstance(value, dict):
        return value
    kept = {name: without_empty(part) for name, part in value.items()}
    empty = {name for name, part in kept.items() if part in ("", {}) or (part == [] and name in NEVER_EMPTY)}
    return {name: part for name, part in kept.items() if name not in empty}


def paths(value, path=()):
    """The leaves of nested objects by their paths, without empty ones; a list, whose order means nothing, is a leaf."""
    if isinstance(value, dict):
        return {leaf: found for name, part in value.items() for leaf, found in paths(part, (*path, name)).items()}
    if isinstance(value, list):
        value = sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
    return {} if value in ("", []) else {path: value}


def save(pool):
    """Writes the pool's description into a new file of the current folder and returns its name."""
    for number in itertools.count(1):
        name = f"{pool.id}.before-{number}.json"
        try:
            with open(name, "x", encoding="utf-8") as file:
                json.dump({"UserPool": pool.described, "MfaConfig": pool.mfa}, file, indent=2)
        except FileExistsError:
            continue
        except OSError as error:
            raise Stop(
                f"{name}: {error.strerror}; the pool's description can't be saved in it, so nothing was changed"
            ) from None
        return name


def refusal(pool, error):
    """The message about an update that failed."""
    if error.code == "ConcurrentModificationException":
        return (
            f"user pool {pool.id}: AWS takes one update of a pool at a time, and another one is running; run this again"
        )
    if error.code:
        return f"{error}\nAWS refused the update, so the pool is as it was"
    return f"{error}\nRun this again to see whether the pool was changed"


def compare(before, after, trigger, former):
    """Raises Stop if anything but the trigger has changed; the file `former` has what was there."""
    wanted, found = before.settings(), after.settings()
    wanted.pop(("LambdaConfig", "PostConfirmation"), None)
    set_to = found.pop(("LambdaConfig", "PostConfirmation"), None)
    faults = [f"LambdaConfig.PostConfirmation is {set_to or 'not set'}"] if set_to != trigger else []
    for path in sorted(wanted.keys() | found.keys()):
        if wanted.get(path) != found.get(path):
            was, now = (json.dumps(settings[path]) if path in settings else "not set" for settings in (wanted, found))
            faults.append(f"{'.'.join(path)}: was {was}, is {now}")
    if faults:
        raise Stop(
            f"user pool {before.id} has unexpected settings after the update:\n  "
            + "\n  ".join(faults)
            + f"\n{former} holds the pool as it was: set these back in the console or with `aws cognito-idp "
            "update-user-pool` (with every setting) and `set-user-pool-mfa-config`"
        )
