// Synthesizes apps for the tests in e2e: JSON cases on standard input, and for each its templates by stack on standard
// output, or the error. In a case, a pool of its own stands in the stack, in a stack `Pools` beside it, or is imported.

import { readFileSync } from 'node:fs';
import { App, DefaultStackSynthesizer, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { PostConfirmation, PostConfirmationProps } from '../index';

/** A case: properties as JSON has them, key and topic as ARNs, and the id of a pool that is imported. */
interface Case {
  readonly pool: 'own' | 'beside' | string;
  readonly outdir: string;
  readonly props: Omit<PostConfirmationProps, 'userPool' | 'architecture' | 'secretsKey' | 'alarmTopic'> & {
    readonly architecture?: string;
    readonly secretsKey?: string;
    readonly alarmTopic?: string;
  };
}

function synthesized({ pool, outdir, props }: Case): Record<string, unknown> {
  const app = new App({ analyticsReporting: false, outdir });
  const env = { account: '123456789012', region: 'eu-central-1' };
  const stack = (id: string) =>
    new Stack(app, id, { env, synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) });
  const functions = stack('Stack');
  const own = pool === 'own' || pool === 'beside';
  const userPool = own
    ? new UserPool(pool === 'own' ? functions : stack('Pools'), 'Pool', { removalPolicy: RemovalPolicy.RETAIN })
    : UserPool.fromUserPoolId(functions, 'Pool', pool);
  const { architecture, secretsKey, alarmTopic, ...same } = props;
  new PostConfirmation(functions, 'Users', {
    ...same,
    userPool,
    ...(architecture && { architecture: architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64 }),
    ...(secretsKey && { secretsKey: Key.fromKeyArn(functions, 'Key', secretsKey) }),
    ...(alarmTopic && { alarmTopic: Topic.fromTopicArn(functions, 'Topic', alarmTopic) }),
  });
  return Object.fromEntries(app.synth().stacks.map((made) => [made.stackName, made.template]));
}

const cases: Case[] = JSON.parse(readFileSync(0, 'utf8'));
const results = cases.map((it) => {
  try {
    return { templates: synthesized(it) };
  } catch (error) {
    return { error: String(error) };
  }
});
process.stdout.write(JSON.stringify(results));
