# The alarms on the trigger, the queue and redelivery. docs/operate.md says what each means.

locals {
  trigger    = { FunctionName = aws_lambda_function.this["trigger"].function_name }
  redelivery = { FunctionName = aws_lambda_function.this["redelivery"].function_name }
  queue      = { QueueName = aws_sqs_queue.undelivered.name }
  dead       = { QueueName = aws_sqs_queue.dead_letters.name }
  alarms = {
    undelivered = {
      description = "A user is neither at the backend nor queued: find the log line with end = undelivered and the sub"
      metric      = ["PostConfirmation", "Undelivered", "Sum"], of = local.trigger, threshold = 1
    }
    # By then two attempts have failed. After the third, at six minutes, SQS leaves a message out of this metric.
    queue-age = {
      description = "Users wait: the backend is down or refuses them, or the mapper fails or can't be loaded"
      metric      = ["AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"], of = local.queue, threshold = 240
    }
    dead-letters = {
      description = "Redelivery has given users up after five attempts: fix the cause, then `mapper redrive`"
      metric      = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"], of = local.dead, threshold = 1
    }
    duration = {
      description = "Events take nearly all of their time (4.5 s): look at attempts and steps in the log"
      metric      = ["PostConfirmation", "Duration", "p99"], of = local.trigger, threshold = 4000
    }
    trigger-errors = {
      description = "The function could not start, or rejected a user: its log says why"
      metric      = ["AWS/Lambda", "Errors", "Sum"], of = local.trigger, threshold = 1
    }
    redelivery-errors = {
      description = "Redelivery could not start: its log says why. The users stay in the queue"
      metric      = ["AWS/Lambda", "Errors", "Sum"], of = local.redelivery, threshold = 1
    }
    throttles = {
      description = "Lambda had no concurrency left for Cognito. The backend lacks these users: `mapper reconcile`"
      metric      = ["AWS/Lambda", "Throttles", "Sum"], of = local.trigger, threshold = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.metric[0]
  metric_name         = each.value.metric[1]
  dimensions          = each.value.of
  statistic           = each.value.metric[2] == "p99" ? null : each.value.metric[2]
  extended_statistic  = each.value.metric[2] == "p99" ? "p99" : null
  period              = each.value.metric[2] == "p99" ? 300 : 60
  evaluation_periods  = each.value.metric[2] == "p99" ? 3 : 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching" # an idle function or queue reports nothing
  alarm_actions       = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}
