// The alarms on the trigger, the queue and redelivery, as in deploy/alarms.yaml; docs/operate.md says what each means.

import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Watched } from './properties';

/** Makes the alarms, which notify the topic, if there is one. */
export function alarms(scope: Construct, watched: Watched, topic?: ITopic): void {
  const trigger = { FunctionName: watched.trigger };
  const redelivery = { FunctionName: watched.redelivery };
  const queue = { QueueName: watched.queue };
  const deadLetters = { QueueName: watched.deadLetters };
  type Row = [id: string, metric: string, of: Record<string, string>, statistic: string, threshold: number, said: string];
  const rows: Row[] = [
    ['Undelivered', 'PostConfirmation Undelivered', trigger, 'Sum', 1,
      'A user is neither at the backend nor queued: find the log line with end = undelivered and the sub'],
    // By then two attempts have failed. After the third, at six minutes, SQS leaves a message out of this metric.
    ['QueueAge', 'AWS/SQS ApproximateAgeOfOldestMessage', queue, 'Maximum', 240,
      "Users wait: the backend is down or refuses them, or the mapper fails or can't be loaded"],
    ['DeadLetters', 'AWS/SQS ApproximateNumberOfMessagesVisible', deadLetters, 'Maximum', 1,
      'Redelivery has given users up after five attempts: fix the cause, then `mapper redrive`'],
    ['Duration', 'PostConfirmation Duration', trigger, 'p99', 4000,
      'Events take nearly all of their time (4.5 s): look at attempts and steps in the log'],
    ['TriggerErrors', 'AWS/Lambda Errors', trigger, 'Sum', 1,
      'The function could not start, or rejected a user: its log says why'],
    ['RedeliveryErrors', 'AWS/Lambda Errors', redelivery, 'Sum', 1,
      'Redelivery could not start: its log says why. The users stay in the queue'],
    ['Throttles', 'AWS/Lambda Throttles', trigger, 'Sum', 1,
      'Lambda had no concurrency left for Cognito. The backend lacks these users: `mapper reconcile`'],
  ];
  for (const [id, metric, dimensionsMap, statistic, threshold, alarmDescription] of rows) {
    const [namespace, metricName] = metric.split(' ');
    const period = Duration.seconds(statistic === 'p99' ? 300 : 60);
    const alarm = new Alarm(scope, `${id}Alarm`, {
      alarmDescription,
      metric: new Metric({ namespace, metricName, dimensionsMap, statistic, period }),
      evaluationPeriods: statistic === 'p99' ? 3 : 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold,
      treatMissingData: TreatMissingData.NOT_BREACHING, // an idle function or queue reports nothing
    });
    if (topic) alarm.addAlarmAction(new SnsAction(topic));
  }
}
