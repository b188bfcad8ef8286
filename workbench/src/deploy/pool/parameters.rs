//! The settings that `update-user-pool` takes, and whether the installed AWS CLI knows them all.
//!
//! An older CLI neither shows nor sends a setting that is newer than itself, so an update through
//! it would silently reset that setting. Version 1 gets no new settings since August 2026:
//! <https://github.com/aws/aws-cli/issues/10536>.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::deploy::aws;

/// The settings that this project knows, by the object that holds them; the first one is the call
/// itself.
const KNOWN: [(&str, &[&str]); 24] = [
    (
        "",
        &[
            "AccountRecoverySetting",
            "AcrConfiguration",
            "AdminCreateUserConfig",
            "AutoVerifiedAttributes",
            "DcrConfiguration",
            "DeletionProtection",
            "DeviceConfiguration",
            "EmailConfiguration",
            "EmailVerificationMessage",
            "EmailVerificationSubject",
            "IssuerConfiguration",
            "KeyConfiguration",
            "LambdaConfig",
            "MfaConfiguration",
            "Policies",
            "PoolName",
            "SmsAuthenticationMessage",
            "SmsConfiguration",
            "SmsVerificationMessage",
            "UserAttributeUpdateSettings",
            "UserPoolAddOns",
            "UserPoolId",
            "UserPoolTags",
            "UserPoolTier",
            "VerificationMessageTemplate",
        ],
    ),
    ("AccountRecoverySetting", &["RecoveryMechanisms"]),
    ("AccountRecoverySetting.RecoveryMechanisms", &["Name", "Priority"]),
    (
        "AdminCreateUserConfig",
        &["AllowAdminCreateUserOnly", "InviteMessageTemplate", "UnusedAccountValidityDays"],
    ),
    (
        "AdminCreateUserConfig.InviteMessageTemplate",
        &["EmailMessage", "EmailSubject", "SMSMessage"],
    ),
    (
        "DcrConfiguration",
        &[
            "AllowedScopes",
            "AuthenticatedGrantTypes",
            "EnableStatus",
            "OpenDcrEnabled",
            "OpenDcrGrantTypes",
        ],
    ),
    ("DeviceConfiguration", &["ChallengeRequiredOnNewDevice", "DeviceOnlyRememberedOnUserPrompt"]),
    (
        "EmailConfiguration",
        &["ConfigurationSet", "EmailSendingAccount", "From", "ReplyToEmailAddress", "SourceArn"],
    ),
    ("IssuerConfiguration", &["Type"]),
    ("KeyConfiguration", &["KeyType", "KmsKeyArn"]),
    (
        "LambdaConfig",
        &[
            "CreateAuthChallenge",
            "CustomEmailSender",
            "CustomMessage",
            "CustomSMSSender",
            "DefineAuthChallenge",
            "InboundFederation",
            "KMSKeyID",
            "PostAuthentication",
            "PostConfirmation",
            "PreAuthentication",
            "PreSignUp",
            "PreTokenGeneration",
            "PreTokenGenerationConfig",
            "UserMigration",
            "VerifyAuthChallengeResponse",
        ],
    ),
    ("LambdaConfig.CustomEmailSender", &["LambdaArn", "LambdaVersion"]),
    ("LambdaConfig.CustomSMSSender", &["LambdaArn", "LambdaVersion"]),
    ("LambdaConfig.InboundFederation", &["LambdaArn", "LambdaVersion"]),
    ("LambdaConfig.PreTokenGenerationConfig", &["LambdaArn", "LambdaVersion"]),
    ("Policies", &["PasswordPolicy", "SignInPolicy"]),
    (
        "Policies.PasswordPolicy",
        &[
            "MinimumLength",
            "PasswordHistorySize",
            "RequireLowercase",
            "RequireNumbers",
            "RequireSymbols",
            "RequireUppercase",
            "TemporaryPasswordValidityDays",
        ],
    ),
    ("Policies.SignInPolicy", &["AllowedFirstAuthFactors"]),
    ("SmsConfiguration", &["EumsSms", "ExternalId", "SnsCallerArn", "SnsRegion"]),
    (
        "SmsConfiguration.EumsSms",
        &[
            "CallerArn",
            "ConfigurationSetName",
            "ExternalId",
            "InEntityId",
            "InTemplateId",
            "OriginationIdentity",
            "Region",
        ],
    ),
    ("UserAttributeUpdateSettings", &["AttributesRequireVerificationBeforeUpdate"]),
    ("UserPoolAddOns", &["AdvancedSecurityAdditionalFlows", "AdvancedSecurityMode"]),
    ("UserPoolAddOns.AdvancedSecurityAdditionalFlows", &["CustomAuthMode"]),
    (
        "VerificationMessageTemplate",
        &[
            "DefaultEmailOption",
            "EmailMessage",
            "EmailMessageByLink",
            "EmailSubject",
            "EmailSubjectByLink",
            "SmsMessage",
        ],
    ),
];

/// The names that the installed CLI takes for `update-user-pool`, including names newer than this
/// project.
///
/// # Errors
/// The CLI lacks one that this project knows.
pub fn accepted() -> Result<Vec<String>> {
    let flag = ["--generate-cli-skeleton".as_ref()];
    let skeleton = aws::call_with("cognito-idp", "update-user-pool", &Value::Null, &flag)?;
    let mut has = BTreeSet::new();
    dotted(&skeleton, "", &mut has);
    let missing: Vec<String> = known().difference(&has).cloned().collect();
    ensure!(
        missing.is_empty(),
        "the AWS CLI is too old: it does not know these settings, which an update would reset: {}\nInstall the \
         newest version 2 of the AWS CLI; nothing was changed",
        missing.join(", ")
    );
    let names = skeleton.as_object().context("the CLI lists no settings of a pool")?;
    Ok(names.keys().cloned().collect())
}

/// Every setting that this project knows, as dotted paths.
fn known() -> BTreeSet<String> {
    let paths =
        KNOWN.iter().flat_map(|(parent, names)| names.iter().map(move |name| path(parent, name)));
    paths.collect()
}

/// Adds the dotted paths of everything in a skeleton; an item of a list has its list's path.
fn dotted(skeleton: &Value, parent: &str, found: &mut BTreeSet<String>) {
    match skeleton {
        Value::Array(items) => items.iter().for_each(|item| dotted(item, parent, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let path = path(parent, name);
                dotted(value, &path, found);
                found.insert(path);
            }
        }
        _ => {}
    }
}

fn path(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}
