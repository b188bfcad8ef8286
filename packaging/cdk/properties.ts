// What the construct is given, and the errors if a part of it is wrong. The rules are those of the parameters of
// deploy/template.yaml. A value that is known only when the stack is deployed is not checked.

import { existsSync } from 'node:fs';
import { Token } from 'aws-cdk-lib';
import { IUserPool } from 'aws-cdk-lib/aws-cognito';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { IParameter } from 'aws-cdk-lib/aws-ssm';

/** A secret, a parameter, or the whole ARN of one; after a secret's ARN, `:KEY:STAGE:VERSION` selects a part of it. */
export type Credential = ISecret | IParameter | string;

/** What the construct is given. Where the template has a parameter for it, they mean the same. */
export interface PostConfirmationProps {
  /** The pool that may call the function and that it writes to. A pool of this app gets the trigger too. */
  readonly userPool: IUserPool;
  /** Base of every request to the backend, for example https://api.example.com/v1/ */
  readonly backendApiUrl: string;
  /** Path of `mapper.zip`, for the same architecture. */
  readonly mapper: string;
  /** What holds the value of the `authorization` header. */
  readonly authorization?: Credential;
  /** What holds `whsec_...`, one or more. */
  readonly signingSecret?: Credential;
  /** The key that encrypts them, if it is neither the one that AWS manages nor known to the secret. */
  readonly secretsKey?: IKey;
  /** What Cognito gets for a user whom neither the backend nor the queue has: its event (`accept`), or an error. */
  readonly onUndelivered?: 'accept' | 'reject';
  /** Attributes of the user that a mapper's follow-up may set. */
  readonly attributes?: string[];
  /** Groups to which a mapper's follow-up may add the user. */
  readonly groups?: string[];
  /** Other settings of both functions, `MAPPER_ENV_USERS_PATH` for example. */
  readonly environment?: Record<string, string>;
  /** How many batches of ten are redelivered at once, at most; 5 by default. */
  readonly maximumConcurrency?: number;
  /** How long log lines are kept; 30 days by default. */
  readonly logRetentionDays?: RetentionDays;
  /** The topic that gets the alarms. */
  readonly alarmTopic?: ITopic;
  /** Whether there is a dashboard, one of three that an account has for free; yes by default. */
  readonly dashboard?: boolean;
  /** Name of the function; the other names begin with it. Choose it once. `post-confirmation` by default. */
  readonly functionName?: string;
  /** Of function and mapper; x86_64 by default. */
  readonly architecture?: Architecture;
  /** Path of the functions' code, if it is not that of the installed package. */
  readonly functionZip?: string;
}

/** The names of what alarms and dashboard watch. */
export interface Watched {
  readonly trigger: string;
  readonly redelivery: string;
  readonly queue: string;
  readonly deadLetters: string;
}

/** Actions on one resource. */
export interface Right {
  readonly actions: string[];
  readonly resource: string;
}

/** A credential's ARN for the setting, the right to read it, and the key of its own, if it tells one. */
export interface Readable extends Right {
  readonly arn: string;
  readonly key?: IKey;
}

/** The settings that are properties; `environment` has only others. */
const PROPERTIES: Record<string, string> = {
  BACKEND_API_URL: 'backendApiUrl',
  BACKEND_AUTHORIZATION: 'authorization',
  BACKEND_SIGNING_SECRET: 'signingSecret',
  COGNITO_ATTRIBUTES: 'attributes',
  COGNITO_GROUPS: 'groups',
  ON_UNDELIVERED: 'onUndelivered',
};
const SECRET_ARN = /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^\s*?]+$/;
const PARAMETER_ARN = /^arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter\/[^\s*?]+$/;
const LISTED = /^[^\s,]{1,128}$/;
/** Attributes that say who a user is. */
const IDENTIFYING = /^(sub|email|phone_number|identities|.*_verified|cognito:.*)$/i;

/** Throws an error that names the first property that is wrong. */
export function check(props: PostConfirmationProps & { functionName: string; functionZip: string }): void {
  const known = (text: string): boolean => !Token.isUnresolved(text);
  if (known(props.backendApiUrl) && !/^https:\/\/[^\s?#@]+$/.test(props.backendApiUrl)) {
    wrong('backendApiUrl', 'must begin with https://, without a user, a query or a fragment');
  }
  if (known(props.functionName) && !/^[A-Za-z0-9_-]{1,53}$/.test(props.functionName)) {
    wrong('functionName', 'must be 1 to 53 letters, digits, hyphens and underscores');
  }
  for (const [property, path] of [['mapper', props.mapper], ['functionZip', props.functionZip]]) {
    if (!path.endsWith('.zip') || !existsSync(path)) wrong(property, `must be the path of a zip, and ${path} is none`);
  }
  for (const property of ['attributes', 'groups'] as const) {
    for (const name of (props[property] ?? []).filter(known)) {
      if (!LISTED.test(name)) wrong(property, `must have names of 1 to 128 characters without blanks and commas, not "${name}"`);
    }
  }
  const identifying = props.attributes?.filter(known).find((name) => IDENTIFYING.test(name));
  if (identifying) wrong('attributes', `can't have ${identifying}: it says who a user is`);
  const concurrency = props.maximumConcurrency ?? 5;
  if (!Token.isUnresolved(concurrency) && !(concurrency >= 2 && concurrency <= 1000)) {
    wrong('maximumConcurrency', 'must be 2 to 1000');
  }
  for (const name of Object.keys(props.environment ?? {})) {
    if (name in PROPERTIES) wrong('environment', `can't have ${name}: set the property ${PROPERTIES[name]}`);
    if (name === 'UNDELIVERED_QUEUE_URL') wrong('environment', `can't have ${name}: the construct makes the queue`);
  }
}

/** What it takes to read a credential. Throws an error that names the property, if it can't be told. */
export function readable(property: string, credential?: Credential): Readable | undefined {
  if (credential === undefined) return undefined;
  if (typeof credential === 'string') return readableArn(property, credential);
  if ('parameterArn' in credential) {
    return { arn: credential.parameterArn, actions: ['ssm:GetParameter'], resource: credential.parameterArn };
  }
  return {
    arn: credential.secretArn,
    actions: ['secretsmanager:GetSecretValue'],
    // Of a secret that is imported by its name, the six characters at the end of the ARN are not known.
    resource: credential.secretFullArn ?? `${credential.secretArn}-??????`,
    key: credential.encryptionKey,
  };
}

function readableArn(property: string, arn: string): Readable {
  if (!Token.isUnresolved(arn)) {
    if (PARAMETER_ARN.test(arn)) return { arn, actions: ['ssm:GetParameter'], resource: arn };
    // Without `:KEY:STAGE:VERSION`.
    const resource = arn.split(':').slice(0, 7).join(':');
    if (SECRET_ARN.test(arn)) return { arn, actions: ['secretsmanager:GetSecretValue'], resource };
  }
  return wrong(property, 'must be a secret or a parameter of this app, or the whole ARN of one');
}

function wrong(property: string, because: string): never {
  throw new Error(`PostConfirmation: ${property} ${because}`);
}
