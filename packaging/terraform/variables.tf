# The parameters of deploy/template.yaml, and the files.

variable "user_pool_arn" {
  description = "ARN of the pool that may call the function and that it writes to"
  type        = string
  validation {
    condition     = can(regex("^arn:[a-z-]+:cognito-idp:[a-z0-9-]+:\\d{12}:userpool/[\\w-]+_[0-9a-zA-Z]+$", var.user_pool_arn))
    error_message = "user_pool_arn must be the pool's ARN."
  }
}

variable "backend_api_url" {
  description = "Base of every request to the backend, for example https://api.example.com/v1/"
  type        = string
  validation {
    condition     = can(regex("^https://[^\\s?#@]+$", var.backend_api_url))
    error_message = "backend_api_url must begin with https://, without a user, a query or a fragment."
  }
}

variable "mapper" {
  description = "Path of mapper.zip, for the same architecture"
  type        = string
}

variable "function" {
  description = "Path of function-x86_64.zip or function-arm64.zip"
  type        = string
}

variable "architecture" {
  description = "Of function and mapper: x86_64 or arm64"
  type        = string
  default     = "x86_64"
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "backend_authorization_arn" {
  description = "ARN of the secret (Secrets Manager) or parameter (SSM) that holds the authorization header's value"
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:\\d{12}:secret:|ssm:[a-z0-9-]+:\\d{12}:parameter/)[^\\s*?]+)?$", var.backend_authorization_arn))
    error_message = "backend_authorization_arn must be the whole ARN of a secret or of a parameter, or empty."
  }
}

variable "backend_signing_secret_arn" {
  description = "ARN of the secret (Secrets Manager) or parameter (SSM) that holds whsec_..., one or more"
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:\\d{12}:secret:|ssm:[a-z0-9-]+:\\d{12}:parameter/)[^\\s*?]+)?$", var.backend_signing_secret_arn))
    error_message = "backend_signing_secret_arn must be the whole ARN of a secret or of a parameter, or empty."
  }
}

variable "secrets_key_arn" {
  description = "ARN of the KMS key that encrypts them, if it is not the one that AWS manages"
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+)?$", var.secrets_key_arn))
    error_message = "secrets_key_arn must be the ARN of a key (not of an alias), or empty."
  }
}

variable "on_undelivered" {
  description = "What Cognito gets for a user whom neither the backend nor the queue has - its event, or an error"
  type        = string
  default     = "accept"
  validation {
    condition     = contains(["accept", "reject"], var.on_undelivered)
    error_message = "on_undelivered must be accept or reject."
  }
}

variable "cognito_attributes" {
  description = "Attributes of the user that a mapper's follow-up may set"
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for name in var.cognito_attributes : can(regex("^[^\\s,]{1,128}$", name))])
    error_message = "cognito_attributes must be names of at most 128 characters, without blanks and commas."
  }
  validation {
    condition     = !anytrue([for name in var.cognito_attributes : can(regex("^(?i:sub|email|phone_number|identities|.*_verified|cognito:.*)$", name))])
    error_message = "cognito_attributes must have no name that says who a user is (sub, email, ...)."
  }
}

variable "cognito_groups" {
  description = "Groups to which a mapper's follow-up may add the user"
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for name in var.cognito_groups : can(regex("^[^\\s,]{1,128}$", name))])
    error_message = "cognito_groups must be names of at most 128 characters, without blanks and commas."
  }
}

variable "environment" {
  description = "Other settings of both functions, MAPPER_ENV_USERS_PATH for example"
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "maximum_concurrency" {
  description = "How many batches of ten are redelivered at once, at most"
  type        = number
  default     = 5
  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000
    error_message = "maximum_concurrency must be 2 to 1000."
  }
}

variable "log_retention_days" {
  description = "How long log lines are kept"
  type        = number
  default     = 30
  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180 or 365."
  }
}

variable "alarm_topic_arn" {
  description = "ARN of the SNS topic that gets the alarms"
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:[a-z-]+:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]+)?$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn must be the ARN of a standard topic, or empty."
  }
}

variable "dashboard" {
  description = "Whether there is a dashboard, one of three that an account has for free"
  type        = bool
  default     = true
  nullable    = false
}

variable "function_name" {
  description = "Name of the function; queues, layer and redelivery get names that begin with it. Choose it once"
  type        = string
  default     = "post-confirmation"
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,53}$", var.function_name))
    error_message = "function_name must be 1 to 53 letters, digits, hyphens and underscores."
  }
}
