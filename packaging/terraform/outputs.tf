output "function_alias_arn" {
  description = "The ARN for the pool's post_confirmation trigger"
  value       = aws_lambda_alias.live["trigger"].arn
}

output "function_name" {
  description = "For `mapper doctor` and the other commands"
  value       = aws_lambda_function.this["trigger"].function_name
}

output "queue_url" {
  description = "The queue of users whom the backend did not take"
  value       = aws_sqs_queue.undelivered.id
}

output "dead_letter_queue_url" {
  description = "The queue of users whom redelivery gave up"
  value       = aws_sqs_queue.dead_letters.id
}
