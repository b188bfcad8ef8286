// The dashboard of the trigger, the queue and redelivery, as in deploy/dashboard.yaml; docs/operate.md says what it shows.

import { Stack } from 'aws-cdk-lib';
import { CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { Watched } from './properties';

type Dimension = [name: string, value: string];
type Metric = (string | Record<string, string>)[];
type Graph = [x: number, y: number, width: number, stat: string, title: string, metrics: Metric[]];

/** Makes the dashboard. All regions of an account share the names of dashboards. */
export function dashboard(scope: Construct, watched: Watched): void {
  const { region } = Stack.of(scope);
  const trigger: Dimension = ['FunctionName', watched.trigger];
  const redelivery: Dimension = ['FunctionName', watched.redelivery];
  const queue: Dimension = ['QueueName', watched.queue];
  const deadLetters: Dimension = ['QueueName', watched.deadLetters];
  const own = (name: string, of: Dimension, label: string): Metric => ['PostConfirmation', name, ...of, { label }];
  const sqs = (name: string, of: Dimension, label: string): Metric => ['AWS/SQS', name, ...of, { label }];
  const times = (name: string): Metric[] => [
    own(name, trigger, 'p50'),
    ['PostConfirmation', name, ...trigger, { label: 'p99', stat: 'p99' }],
  ];
  const graphs: Graph[] = [
    [0, 0, 12, 'Sum', 'Sign-ups by minute', [
      own('Delivered', trigger, 'delivered'),
      own('Skipped', trigger, 'skipped'),
      own('Queued', trigger, 'queued'),
      own('Undelivered', trigger, 'undelivered'),
    ]],
    [12, 0, 12, 'Sum', 'Redelivery by minute', [
      own('Delivered', redelivery, 'delivered'),
      own('Skipped', redelivery, 'skipped'),
      own('Queued', redelivery, 'stay in the queue'),
    ]],
    [0, 6, 12, 'Maximum', 'Users who wait', [
      sqs('ApproximateNumberOfMessagesVisible', queue, 'queue'),
      sqs('ApproximateNumberOfMessagesNotVisible', queue, 'queue, tried'),
      sqs('ApproximateNumberOfMessagesVisible', deadLetters, 'given up'),
    ]],
    [12, 6, 12, 'Maximum', 'Longest wait (s)', [
      sqs('ApproximateAgeOfOldestMessage', queue, 'queue'),
      sqs('ApproximateAgeOfOldestMessage', deadLetters, 'given up'),
    ]],
    [0, 12, 8, 'p50', 'Time of a sign-up (ms)', times('Duration')],
    [8, 12, 8, 'p50', 'Of it, the mapper (ms)', times('MappingDuration')],
    [16, 12, 8, 'p50', 'Of it, the backend (ms)', times('BackendDuration')],
    [0, 18, 8, 'Sum', 'Cold starts by minute', [
      own('ColdStarts', trigger, 'sign-ups'),
      own('ColdStarts', redelivery, 'redelivery'),
    ]],
    [8, 18, 8, 'Sum', 'Written to users by minute', [
      own('Attributes', trigger, 'attributes'),
      own('Groups', trigger, 'groups'),
      own('EffectsFailed', trigger, 'failed'),
      own('Attributes', redelivery, 'attributes, redelivery'),
      own('Groups', redelivery, 'groups, redelivery'),
      own('EffectsFailed', redelivery, 'failed, redelivery'),
    ]],
    [16, 18, 8, 'p50', 'Time of writing (ms)', times('EffectsDuration')],
  ];
  const widgets = graphs.map(([x, y, width, stat, title, metrics]) => ({
    ...{ type: 'metric', x, y, width, height: 6 },
    properties: { title, region, period: 60, stat, stacked: y === 0, metrics },
  }));
  new CfnDashboard(scope, 'Dashboard', {
    dashboardName: `${watched.trigger}-${region}`,
    dashboardBody: Stack.of(scope).toJsonString({ widgets }),
  });
}
