# The dashboard of the trigger, the queue and redelivery. docs/operate.md says what it shows.

locals {
  region = split(":", var.user_pool_arn)[3] # a pool calls functions of its own region
  names = {
    trigger    = local.trigger.FunctionName
    redelivery = local.redelivery.FunctionName
    queue      = local.queue.QueueName
    dead       = local.dead.QueueName
  }
  # Of each metric the name, the function or queue, and the label. p99 is a statistic of its own.
  graphs = [
    {
      title = "Sign-ups by minute", stat = "Sum", x = 0, y = 0, width = 12
      metrics = [
        ["Delivered", "trigger", "delivered"], ["Skipped", "trigger", "skipped"],
        ["Queued", "trigger", "queued"], ["Undelivered", "trigger", "undelivered"],
      ]
    },
    {
      title = "Redelivery by minute", stat = "Sum", x = 12, y = 0, width = 12
      metrics = [
        ["Delivered", "redelivery", "delivered"], ["Skipped", "redelivery", "skipped"],
        ["Queued", "redelivery", "stay in the queue"],
      ]
    },
    {
      title = "Users who wait", stat = "Maximum", x = 0, y = 6, width = 12
      metrics = [
        ["ApproximateNumberOfMessagesVisible", "queue", "queue"],
        ["ApproximateNumberOfMessagesNotVisible", "queue", "queue, tried"],
        ["ApproximateNumberOfMessagesVisible", "dead", "given up"],
      ]
    },
    {
      title = "Longest wait (s)", stat = "Maximum", x = 12, y = 6, width = 12
      metrics = [
        ["ApproximateAgeOfOldestMessage", "queue", "queue"], ["ApproximateAgeOfOldestMessage", "dead", "given up"],
      ]
    },
    {
      title   = "Time of a sign-up (ms)", stat = "p50", x = 0, y = 12, width = 8
      metrics = [["Duration", "trigger", "p50"], ["Duration", "trigger", "p99"]]
    },
    {
      title   = "Of it, the mapper (ms)", stat = "p50", x = 8, y = 12, width = 8
      metrics = [["MappingDuration", "trigger", "p50"], ["MappingDuration", "trigger", "p99"]]
    },
    {
      title   = "Of it, the backend (ms)", stat = "p50", x = 16, y = 12, width = 8
      metrics = [["BackendDuration", "trigger", "p50"], ["BackendDuration", "trigger", "p99"]]
    },
    {
      title   = "Cold starts by minute", stat = "Sum", x = 0, y = 18, width = 8
      metrics = [["ColdStarts", "trigger", "sign-ups"], ["ColdStarts", "redelivery", "redelivery"]]
    },
    {
      title = "Written to users by minute", stat = "Sum", x = 8, y = 18, width = 8
      metrics = [
        ["Attributes", "trigger", "attributes"], ["Groups", "trigger", "groups"],
        ["EffectsFailed", "trigger", "failed"], ["Attributes", "redelivery", "attributes, redelivery"],
        ["Groups", "redelivery", "groups, redelivery"], ["EffectsFailed", "redelivery", "failed, redelivery"],
      ]
    },
    {
      title   = "Time of writing (ms)", stat = "p50", x = 16, y = 18, width = 8
      metrics = [["EffectsDuration", "trigger", "p50"], ["EffectsDuration", "trigger", "p99"]]
    },
  ]
  widgets = [for graph in local.graphs : {
    type   = "metric"
    x      = graph.x
    y      = graph.y
    width  = graph.width
    height = 6
    properties = {
      title   = graph.title
      region  = local.region
      period  = 60
      stat    = graph.stat
      stacked = graph.y == 0
      metrics = [for it in graph.metrics : [
        contains(["queue", "dead"], it[1]) ? "AWS/SQS" : "PostConfirmation",
        it[0],
        contains(["queue", "dead"], it[1]) ? "QueueName" : "FunctionName",
        local.names[it[1]],
        merge({ label = it[2] }, it[2] == "p99" ? { stat = "p99" } : {}),
      ]]
    }
  }]
}

# All regions of an account share the names of dashboards.
resource "aws_cloudwatch_dashboard" "this" {
  count          = var.dashboard ? 1 : 0
  dashboard_name = "${local.name}-${local.region}"
  dashboard_body = jsonencode({ widgets = local.widgets })
}
