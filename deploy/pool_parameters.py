"""The settings that `update-user-pool` takes, and whether the installed AWS CLI knows them all.

An older CLI neither shows nor sends a setting that is newer than itself, so an update through it would silently reset
that setting. Version 1 gets no new settings since August 2026: https://github.com/aws/aws-cli/issues/10536.
"""

from aws import Stop, aws

# By the object that holds them; "" is the call itself.
KNOWN = {
    "": "AccountRecoverySetting AcrConfiguration AdminCreateUserConfig AutoVerifiedAttributes DcrConfiguration "
    "DeletionProtection DeviceConfiguration EmailConfiguration EmailVerificationMessage EmailVerificationSubject "
    "IssuerConfiguration KeyConfiguration LambdaConfig MfaConfiguration Policies PoolName SmsAuthenticationMessage "
    "SmsConfiguration SmsVerificationMessage UserAttributeUpdateSettings UserPoolAddOns UserPoolId UserPoolTags "
    "UserPoolTier VerificationMessageTemplate",
    "AccountRecoverySetting": "RecoveryMechanisms",
    "AccountRecoverySetting.RecoveryMechanisms": "Name Priority",
    "AdminCreateUserConfig": "AllowAdminCreateUserOnly InviteMessageTemplate UnusedAccountValidityDays",
    "AdminCreateUserConfig.InviteMessageTemplate": "EmailMessage EmailSubject SMSMessage",
    "DcrConfiguration": "AllowedScopes AuthenticatedGrantTypes EnableStatus OpenDcrEnabled OpenDcrGrantTypes",
    "DeviceConfiguration": "ChallengeRequiredOnNewDevice DeviceOnlyRememberedOnUserPrompt",
    "EmailConfiguration": "ConfigurationSet EmailSendingAccount From ReplyToEmailAddress SourceArn",
    "IssuerConfiguration": "Type",
    "KeyConfiguration": "KeyType KmsKeyArn",
    "LambdaConfig": "CreateAuthChallenge CustomEmailSender CustomMessage CustomSMSSender DefineAuthChallenge "
    "InboundFederation KMSKeyID PostAuthentication PostConfirmation PreAuthentication PreSignUp PreTokenGeneration "
    "PreTokenGenerationConfig UserMigration VerifyAuthChallengeResponse",
    "LambdaConfig.CustomEmailSender": "LambdaArn LambdaVersion",
    "LambdaConfig.CustomSMSSender": "LambdaArn LambdaVersion",
    "LambdaConfig.InboundFederation": "LambdaArn LambdaVersion",
    "LambdaConfig.PreTokenGenerationConfig": "LambdaArn LambdaVersion",
    "Policies": "PasswordPolicy SignInPolicy",
    "Policies.PasswordPolicy": "MinimumLength PasswordHistorySize RequireLowercase RequireNumbers RequireSymbols "
    "RequireUppercase TemporaryPasswordValidityDays",
    "Policies.SignInPolicy": "AllowedFirstAuthFactors",
    "SmsConfiguration": "EumsSms ExternalId SnsCallerArn SnsRegion",
    "SmsConfiguration.EumsSms": "CallerArn ConfigurationSetName ExternalId InEntityId InTemplateId OriginationIdentity "
    "Region",
    "UserAttributeUpdateSettings": "AttributesRequireVerificationBeforeUpdate",
    "UserPoolAddOns": "AdvancedSecurityAdditionalFlows AdvancedSecurityMode",
    "UserPoolAddOns.AdvancedSecurityAdditionalFlows": "CustomAuthMode",
    "VerificationMessageTemplate": "DefaultEmailOption EmailMessage EmailMessageByLink EmailSubject EmailSubjectByLink "
    "SmsMessage",
}


def known():
    """Every setting that this project knows, as dotted paths."""
    return {f"{parent}.{name}".lstrip(".") for parent, names in KNOWN.items() for name in names.split()}


def accepted():
    """The names that the installed CLI takes for update-user-pool, including names newer than this project.

    Raises Stop if it lacks one that this project knows.
    """
    skeleton = aws("cognito-idp", "update-user-pool", None, "--generate-cli-skeleton")
    if missing := sorted(known() - dotted(skeleton)):
        raise Stop(
            "the AWS CLI is too old: it does not know these settings, which an update would reset: "
            + ", ".join(missing)
            + "\nInstall the newest version 2 of the AWS CLI; nothing was changed"
        )
    return list(skeleton)


def dotted(skeleton, parent=""):
    """The dotted paths of everything in a skeleton; an item of a list has its list's path."""
    if isinstance(skeleton, list):
        return set().union(*(dotted(item, parent) for item in skeleton))
    if not isinstance(skeleton, dict):
        return set()
    found = set()
    for name, value in skeleton.items():
        path = f"{parent}.{name}".lstrip(".")
        found |= {path} | dotted(value, path)
    return found
