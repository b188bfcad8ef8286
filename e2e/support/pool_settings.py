"""A user pool with every setting."""

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function"
ROLE = "arn:aws:iam::123456789012:role/texts"
TRIGGER = {"LambdaVersion": "V1_0", "LambdaArn": f"{FUNCTION}:versioned"}
# A value for everything that update-user-pool takes; none is the default.
SETTINGS = {
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]},
    "AcrConfiguration": {"Level1": {"AcrValue": "https://example.com/one"}},
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True,
        "InviteMessageTemplate": {
            "EmailMessage": "{username} {####} invited",
            "EmailSubject": "Invited",
            "SMSMessage": "{username} {####}",
        },
        "UnusedAccountValidityDays": 3,
    },
    "AutoVerifiedAttributes": ["email", "phone_number"],
    "DcrConfiguration": {
        "AllowedScopes": ["openid"],
        "AuthenticatedGrantTypes": [],
        "EnableStatus": "Disabled",
        "OpenDcrEnabled": False,
        "OpenDcrGrantTypes": ["authorization_code"],
    },
    "DeletionProtection": "ACTIVE",
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False},
    "EmailConfiguration": {
        "ConfigurationSet": "sent",
        "EmailSendingAccount": "DEVELOPER",
        "From": "App <app@example.com>",
        "ReplyToEmailAddress": "help@example.com",
        "SourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/app@example.com",
    },
    "EmailVerificationMessage": "Yours is {####}",
    "EmailVerificationSubject": "Yours",
    "IssuerConfiguration": {"Type": "UPDATED"},
    "KeyConfiguration": {
        "KeyType": "CUSTOMER_MANAGED_KEY",
        "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-4111-8111-111111111111",
    },
    "LambdaConfig": {
        "CreateAuthChallenge": f"{FUNCTION}:create-challenge",
        "CustomEmailSender": TRIGGER,
        "CustomMessage": f"{FUNCTION}:message",
        "CustomSMSSender": TRIGGER,
        "DefineAuthChallenge": f"{FUNCTION}:define-challenge",
        "InboundFederation": TRIGGER,
        "KMSKeyID": "arn:aws:kms:eu-central-1:123456789012:key/22222222-2222-4222-8222-222222222222",
        "PostAuthentication": f"{FUNCTION}:after-sign-in",
        "PostConfirmation": f"{FUNCTION}:somebody-else",
        "PreAuthentication": f"{FUNCTION}:before-sign-in",
        "PreSignUp": f"{FUNCTION}:before-sign-up",
        "PreTokenGeneration": f"{FUNCTION}:versioned",
        "PreTokenGenerationConfig": TRIGGER,
        "UserMigration": f"{FUNCTION}:migration",
        "VerifyAuthChallengeResponse": f"{FUNCTION}:verify-challenge",
    },
    "MfaConfiguration": "OPTIONAL",
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 17,
            "PasswordHistorySize": 5,
            "RequireLowercase": True,
            "RequireNumbers": False,
            "RequireSymbols": True,
            "RequireUppercase": False,
            "TemporaryPasswordValidityDays": 2,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]},
    },
    "PoolName": "people",
    "SmsAuthenticationMessage": "{####} signs you in",
    "SmsConfiguration": {
        "EumsSms": {
            "CallerArn": ROLE,
            "ConfigurationSetName": "texts",
            "ExternalId": "outside-2",
            "InEntityId": "entity",
            "InTemplateId": "template",
            "OriginationIdentity": "origin",
            "Region": "eu-west-1",
        },
        "ExternalId": "outside",
        "SnsCallerArn": ROLE,
        "SnsRegion": "eu-central-1",
    },
    "SmsVerificationMessage": "It is {####}",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "UserPoolAddOns": {
        "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "AUDIT"},
        "AdvancedSecurityMode": "ENFORCED",
    },
    "UserPoolTags": {"team": "accounts"},
    "UserPoolTier": "PLUS",
    "VerificationMessageTemplate": {
        "DefaultEmailOption": "CONFIRM_WITH_LINK",
        "EmailMessage": "Yours is {####}",
        "EmailMessageByLink": "{##Here##} it is",
        "EmailSubject": "Yours",
        "EmailSubjectByLink": "A link",
        "SmsMessage": "It is {####}",
    },
}
# Settings that moto's update-user-pool drops although AWS keeps them: they are set once, with the pool.
DROPPED_BY_MOTO = {
    "AliasAttributes": ["preferred_username"],
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}
