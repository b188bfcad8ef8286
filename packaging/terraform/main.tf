# The trigger in production: function, mapper, queue, redelivery, roles and log groups. alarms.tf has the alarms,
# and dashboard.tf the dashboard.
# deploy/template.yaml makes the same, and a test compares the two.

locals {
  name = var.function_name
  # An empty setting counts as not set.
  settings = merge(var.environment, {
    BACKEND_API_URL        = var.backend_api_url
    BACKEND_AUTHORIZATION  = var.backend_authorization_arn
    BACKEND_SIGNING_SECRET = var.backend_signing_secret_arn
    COGNITO_ATTRIBUTES     = join(",", var.cognito_attributes)
    COGNITO_GROUPS         = join(",", var.cognito_groups)
  })
  functions = {
    trigger = {
      name        = local.name
      description = "Sends users that Cognito has confirmed to the backend"
      # Cognito waits 5 seconds, and the host ends after 4.5. It keeps 200 ms before this timeout as a reserve.
      timeout   = 6
      variables = { UNDELIVERED_QUEUE_URL = aws_sqs_queue.undelivered.id, ON_UNDELIVERED = var.on_undelivered }
      queue     = ["sqs:SendMessage"]
    }
    redelivery = {
      name        = "${local.name}-redelivery"
      description = "Sends users from the queue to the backend"
      timeout     = 30
      variables   = {}
      queue       = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    }
  }
  # Lists and not counts, because ARNs may be unknown until the secrets exist.
  read_secrets = [for arn in [var.backend_authorization_arn, var.backend_signing_secret_arn] : {
    Effect = "Allow"
    Action = split(":", arn)[2] == "ssm" ? "ssm:GetParameter" : "secretsmanager:GetSecretValue"
    # Without `:KEY:STAGE:VERSION`, which selects a part of the secret.
    Resource = split(":", arn)[2] == "ssm" ? arn : join(":", slice(split(":", arn), 0, 7))
  } if arn != ""]
  decrypt_secrets = [for arn in [var.secrets_key_arn] : {
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = arn
  } if arn != ""]
  write_to_users = concat(
    length(var.cognito_attributes) > 0 ? ["cognito-idp:AdminUpdateUserAttributes"] : [],
    length(var.cognito_groups) > 0 ? ["cognito-idp:AdminAddUserToGroup"] : [],
  )
}

# Queues may hold the only record of a user, so they are not destroyed.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.name}-dead-letters"
  message_retention_seconds = 1209600 # 14 days, SQS's maximum
  sqs_managed_sse_enabled   = true
  lifecycle { prevent_destroy = true }
}

resource "aws_sqs_queue" "undelivered" {
  name                       = "${local.name}-undelivered"
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
  visibility_timeout_seconds = 180 # six times the timeout of redelivery, as Lambda asks for
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 })
  lifecycle { prevent_destroy = true }
}

# The line of an undelivered user is its only record.
resource "aws_cloudwatch_log_group" "this" {
  for_each          = local.functions
  name              = "/aws/lambda/${each.value.name}"
  retention_in_days = var.log_retention_days
  skip_destroy      = each.key == "trigger"
}

resource "aws_lambda_layer_version" "mapper" {
  layer_name               = "${local.name}-mapper"
  filename                 = var.mapper
  source_code_hash         = filebase64sha256(var.mapper)
  compatible_architectures = [var.architecture]
  compatible_runtimes      = ["provided.al2023"]
  skip_destroy             = true # for a rollback
}

resource "aws_lambda_function" "this" {
  for_each         = local.functions
  function_name    = each.value.name
  description      = each.value.description
  role             = aws_iam_role.this[each.key].arn
  timeout          = each.value.timeout
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 128
  filename         = var.function
  source_code_hash = filebase64sha256(var.function)
  layers           = [aws_lambda_layer_version.mapper.arn]
  publish          = true
  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }
  environment { variables = merge(local.settings, each.value.variables) }
}

resource "aws_lambda_alias" "live" {
  for_each         = local.functions
  name             = "live"
  function_name    = aws_lambda_function.this[each.key].function_name
  function_version = aws_lambda_function.this[each.key].version
}

resource "aws_lambda_event_source_mapping" "redelivery" {
  event_source_arn = aws_sqs_queue.undelivered.arn
  function_name    = aws_lambda_alias.live["redelivery"].arn
  batch_size       = 10
  # Without it Lambda deletes the whole batch, delivered or not.
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config { maximum_concurrency = var.maximum_concurrency }
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_iam_role" "this" {
  for_each    = local.functions
  name_prefix = substr(each.value.name, 0, 38)
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = local.functions
  name     = "log-and-queue"
  role     = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this[each.key].arn}:*"
      },
      { Effect = "Allow", Action = each.value.queue, Resource = aws_sqs_queue.undelivered.arn },
    ], local.read_secrets, local.decrypt_secrets)
  })
}

# Beside the roles and the function, because the pool comes after the function.
resource "aws_iam_role_policy" "write_to_users" {
  for_each = { for key, it in local.functions : key => it if length(local.write_to_users) > 0 }
  name     = "write-to-users"
  role     = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = local.write_to_users, Resource = var.user_pool_arn }]
  })
}

resource "aws_lambda_permission" "cognito" {
  function_name  = aws_lambda_function.this["trigger"].function_name
  qualifier      = aws_lambda_alias.live["trigger"].name
  action         = "lambda:InvokeFunction"
  principal      = "cognito-idp.amazonaws.com"
  source_arn     = var.user_pool_arn
  source_account = split(":", var.user_pool_arn)[4]
}
