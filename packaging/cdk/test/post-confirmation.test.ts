// The construct in apps: what it makes, whom it attaches to, and what it refuses. e2e compares it with the template.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { App, SecretValue, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { UserPool, UserPoolOperation } from 'aws-cdk-lib/aws-cognito';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { PostConfirmation, PostConfirmationProps } from '../index';

const FOLDER = mkdtempSync(join(tmpdir(), 'construct-'));
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-AbCdEf';
const PARAMETER = 'arn:aws:ssm:eu-central-1:123456789012:parameter/token';
const POOL_ARN = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Pool'), 'Arn'] };
const WRITES = ['cognito-idp:AdminUpdateUserAttributes', 'cognito-idp:AdminAddUserToGroup'];

/** A file that stands for a package. */
function zip(name: string, content = name): string {
  const path = join(FOLDER, name);
  writeFileSync(path, content);
  return path;
}

/** The properties that every app needs, with those that a test is about. */
function given(userPool: PostConfirmationProps['userPool'], own: Partial<PostConfirmationProps> = {}): PostConfirmationProps {
  const files = { mapper: zip('mapper.zip'), functionZip: zip('function.zip') };
  return { userPool, backendApiUrl: 'https://api.example.com/v1/', ...files, ...own };
}

/** The template of a stack that has a pool of its own. */
function made(own: Partial<PostConfirmationProps> = {}): Template {
  const stack = new Stack(new App(), 'Stack');
  new PostConfirmation(stack, 'Users', given(new UserPool(stack, 'Pool'), own));
  return Template.fromStack(stack); // which finds cycles
}

/** The right that the policy of this name gives, of which there is one. */
function right(template: Template, PolicyName: string): Record<string, unknown> {
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy', { Properties: { PolicyName } }));
  assert.equal(policy.Properties.Roles.length, 2);
  return policy.Properties.PolicyDocument.Statement[0];
}

test('a pool of the same stack names the alias, without a cycle', () => {
  const template = made({ attributes: ['custom:backend_id'], groups: ['members'] });
  const live = { Ref: Match.stringLikeRegexp('^UsersTriggerAliaslive') };
  template.hasResourceProperties('AWS::Cognito::UserPool', { LambdaConfig: { PostConfirmation: live } });
  template.resourceCountIs('AWS::Lambda::Permission', 1);
  template.hasResourceProperties('AWS::Lambda::Permission', {
    FunctionName: live,
    Principal: 'cognito-idp.amazonaws.com',
    SourceAccount: { Ref: 'AWS::AccountId' },
    SourceArn: POOL_ARN,
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyName: 'write-to-users',
    PolicyDocument: { Statement: [{ Action: WRITES, Effect: 'Allow', Resource: POOL_ARN }] },
  });
});

test('a pool of another stack has permission and rights beside it', () => {
  const app = new App();
  const pools = new Stack(app, 'Pools');
  const functions = new Stack(app, 'Functions');
  const users = new PostConfirmation(functions, 'Users', given(new UserPool(pools, 'Pool'), { groups: ['members'] }));
  const [ofPools, ofFunctions] = [Template.fromStack(pools), Template.fromStack(functions)];
  ofPools.resourceCountIs('AWS::Lambda::Permission', 1);
  ofPools.hasResourceProperties('AWS::IAM::Policy', { PolicyName: 'write-to-users' });
  ofFunctions.resourceCountIs('AWS::Lambda::Permission', 0);
  assert.deepEqual([pools.dependencies, functions.dependencies], [[functions], []]);
  assert.equal(users.live.aliasName, 'live');
});

test('an imported pool is allowed, and the app is told the rest', () => {
  const stack = new Stack(new App(), 'Stack');
  const pool = UserPool.fromUserPoolId(stack, 'Pool', 'eu-central-1_Example01');
  new PostConfirmation(stack, 'Users', given(pool, { functionName: 'sign-ups' }));
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 1);
  Annotations.fromStack(stack).hasInfo('/Stack/Users', Match.stringLikeRegexp('mapper attach POOL --function sign-ups'));
});

test('a pool keeps a trigger that it has', () => {
  const stack = new Stack(new App(), 'Stack');
  const pool = new UserPool(stack, 'Pool');
  const users = new PostConfirmation(stack, 'Users', given(pool));
  assert.throws(() => pool.addTrigger(UserPoolOperation.POST_CONFIRMATION, users.live), /already exists/);
  const other = given(pool, { functionName: 'other' });
  assert.throws(() => new PostConfirmation(stack, 'Other', other), /already exists/);
});

test('nothing may be written if nothing is listed', () => {
  const template = made();
  template.resourcePropertiesCountIs('AWS::IAM::Policy', { PolicyName: 'write-to-users' }, 0);
  assert.equal(JSON.stringify(template.toJSON()).includes('cognito-idp:Admin'), false);
});

test('credentials are read with no more than their rights', () => {
  const stack = new Stack(new App(), 'Stack');
  const encryptionKey = new Key(stack, 'Key');
  const signingSecret = new Secret(stack, 'Signing', { encryptionKey, secretStringValue: SecretValue.unsafePlainText('x') });
  const authorization = StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/token' });
  new PostConfirmation(stack, 'Users', given(new UserPool(stack, 'Pool'), { signingSecret, authorization }));
  const template = Template.fromStack(stack);
  const arn = { Ref: Match.stringLikeRegexp('^Signing') };
  template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { BACKEND_SIGNING_SECRET: arn } } });
  assert.equal(right(template, 'read-signing-secret').Action, 'secretsmanager:GetSecretValue');
  assert.equal(right(template, 'read-authorization').Action, 'ssm:GetParameter');
  assert.equal(right(template, 'decrypt-secrets').Action, 'kms:Decrypt');
});

test('the part of a secret is left out of the right to read it', () => {
  const template = made({ signingSecret: `${SECRET}:KEY::`, authorization: PARAMETER });
  assert.equal(right(template, 'read-signing-secret').Resource, SECRET);
  assert.equal(right(template, 'read-authorization').Resource, PARAMETER);
  const variables = { BACKEND_SIGNING_SECRET: `${SECRET}:KEY::` };
  template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: variables } });
});

test('a secret imported by name is read under any ending', () => {
  const stack = new Stack(new App(), 'Stack');
  const signingSecret = Secret.fromSecretNameV2(stack, 'Signing', 'signing');
  new PostConfirmation(stack, 'Users', given(new UserPool(stack, 'Pool'), { signingSecret }));
  const { Resource } = right(Template.fromStack(stack), 'read-signing-secret');
  assert.match(JSON.stringify(Resource), /:secret:signing-\?{6}"/);
});

test('the alarms notify the topic', () => {
  const stack = new Stack(new App(), 'Stack');
  const alarmTopic = new Topic(stack, 'Topic');
  new PostConfirmation(stack, 'Users', given(new UserPool(stack, 'Pool'), { alarmTopic }));
  const AlarmActions = [{ Ref: Match.stringLikeRegexp('^Topic') }];
  Template.fromStack(stack).resourcePropertiesCountIs('AWS::CloudWatch::Alarm', { AlarmActions }, 7);
});

test('the dashboard is there unless it is not wanted', () => {
  const count = (own: Partial<PostConfirmationProps>) =>
    Object.keys(made(own).findResources('AWS::CloudWatch::Dashboard')).length;
  assert.deepEqual([count({}), count({ dashboard: true }), count({ dashboard: false })], [1, 1, 0]);
});

/** The logical ids of the two published versions. */
function versions(own: Partial<PostConfirmationProps> = {}, memory?: number): string[] {
  const stack = new Stack(new App(), 'Stack');
  const { trigger, redelivery } = new PostConfirmation(stack, 'Users', given(new UserPool(stack, 'Pool'), own));
  for (const each of memory ? [trigger, redelivery] : []) (each.node.defaultChild as CfnFunction).memorySize = memory;
  return Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Version')).sort();
}

test('a change of code, mapper or setting publishes a version', () => {
  const before = versions();
  assert.equal(before.length, 2);
  const changes: [string, string[]][] = [
    ['code', versions({ functionZip: zip('function2.zip') })],
    ['mapper', versions({ mapper: zip('mapper2.zip') })],
    ['backendApiUrl', versions({ backendApiUrl: 'https://api.example.com/v2/' })],
    ['signingSecret', versions({ signingSecret: SECRET })],
    ['attributes', versions({ attributes: ['nickname'] })],
    ['environment', versions({ environment: { MAPPER_LOGS: 'on' } })],
    ['architecture', versions({ architecture: Architecture.ARM_64 })],
    ['memory of both', versions({}, 256)],
  ];
  for (const [what, after] of changes) assert.equal(after.some((id) => before.includes(id)), false, what);
  assert.equal(versions({ onUndelivered: 'reject' }).filter((id) => before.includes(id)).length, 1);
});

test('what is not the function publishes no version', () => {
  assert.deepEqual(versions({ maximumConcurrency: 7, logRetentionDays: 90, dashboard: false }), versions());
});

const WRONG: [Partial<PostConfirmationProps>, RegExp][] = [
  [{ backendApiUrl: 'http://api.example.com' }, /backendApiUrl must begin with https:/],
  [{ backendApiUrl: 'https://user@api.example.com' }, /backendApiUrl must begin with https:/],
  [{ attributes: ['custom:a', 'email'] }, /attributes can't have email: it says who a user is/],
  [{ attributes: ['phone_number_verified'] }, /attributes can't have phone_number_verified/],
  [{ groups: ['a,b'] }, /groups must have names .* not "a,b"/],
  [{ signingSecret: 'whsec_AAAA' }, /signingSecret must be a secret or a parameter/],
  [{ authorization: 'Bearer token' }, /authorization must be a secret or a parameter/],
  [{ mapper: join(FOLDER, 'none.zip') }, /mapper must be the path of a zip/],
  [{ mapper: FOLDER }, /mapper must be the path of a zip/],
  [{ functionZip: undefined, architecture: Architecture.ARM_64 }, /functionZip must be given.* has function-arm64.zip/],
  [{ functionName: 'a b' }, /functionName must be 1 to 53/],
  [{ maximumConcurrency: 1 }, /maximumConcurrency must be 2 to 1000/],
  [{ environment: { BACKEND_API_URL: 'https://a' } }, /environment can't have BACKEND_API_URL: set the property backendApiUrl/],
  [{ environment: { UNDELIVERED_QUEUE_URL: 'https://a' } }, /environment can't have UNDELIVERED_QUEUE_URL/],
];

test('a wrong property is named, and a secret is not shown', () => {
  for (const [own, message] of WRONG) {
    assert.throws(() => made(own), (error: Error) => message.test(error.message) && !/whsec_|Bearer/.test(error.message));
  }
});
