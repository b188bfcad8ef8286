// The construct: it makes what deploy/template.yaml makes, and attaches it to a pool. A test compares the two, so logical
// ids, names, texts and numbers are the template's, and so are their reasons.

import { Annotations, Duration, FileSystem, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarms } from './alarms';
import { dashboard } from './dashboard';
import { installedZip } from './installed';
import { PostConfirmationProps, Right, check, readable } from './properties';

/** The functions, their queues, logs, rights, alarms and dashboard, with the pool's trigger. */
export class PostConfirmation extends Construct {
  /** The function that Cognito calls. */
  readonly trigger: lambda.Function;
  /** The function that delivers from the queue. */
  readonly redelivery: lambda.Function;
  /** The alias of the trigger, which the pool names. */
  readonly live: lambda.Alias;
  /** The queue of users whom the backend did not take. */
  readonly undelivered: sqs.Queue;
  /** The queue of users whom redelivery gave up. */
  readonly deadLetters: sqs.Queue;

  /** Throws an error that names the property, if a property is wrong. */
  constructor(scope: Construct, id: string, props: PostConfirmationProps) {
    super(scope, id);
    const name = props.functionName ?? 'post-confirmation';
    const architecture = props.architecture ?? lambda.Architecture.X86_64;
    const functionZip = props.functionZip ?? installedZip(architecture);
    check({ ...props, functionName: name, functionZip });
    const authorization = readable('authorization', props.authorization);
    const signingSecret = readable('signingSecret', props.signingSecret);

    // Queues may hold the only record of a user. They outlive the stack, unless its creation failed.
    const outlives = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
    const kept = { retentionPeriod: Duration.days(14), encryption: sqs.QueueEncryption.SQS_MANAGED, removalPolicy: outlives };
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { ...kept, queueName: `${name}-dead-letters` });
    this.undelivered = new sqs.Queue(this, 'Undelivered', {
      ...kept,
      queueName: `${name}-undelivered`,
      visibilityTimeout: Duration.seconds(180), // six times the timeout of redelivery, as Lambda asks for
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });

    const mapper = new lambda.LayerVersion(this, 'Mapper', {
      layerVersionName: `${name}-mapper`,
      code: lambda.Code.fromAsset(props.mapper),
      compatibleArchitectures: [architecture],
      compatibleRuntimes: [lambda.Runtime.PROVIDED_AL2023],
      removalPolicy: RemovalPolicy.RETAIN, // for a rollback
    });
    const both = {
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: 'bootstrap',
      architecture,
      code: lambda.Code.fromAsset(functionZip),
      layers: [mapper],
      memorySize: 128,
      loggingFormat: lambda.LoggingFormat.JSON,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    };
    const settings = {
      ...props.environment,
      BACKEND_API_URL: props.backendApiUrl,
      ...(authorization && { BACKEND_AUTHORIZATION: authorization.arn }),
      ...(signingSecret && { BACKEND_SIGNING_SECRET: signingSecret.arn }),
      ...(props.attributes?.length && { COGNITO_ATTRIBUTES: props.attributes.join(',') }),
      ...(props.groups?.length && { COGNITO_GROUPS: props.groups.join(',') }),
    };
    const retention = props.logRetentionDays ?? logs.RetentionDays.ONE_MONTH;
    const triggerLog = new logs.LogGroup(this, 'TriggerLog', {
      logGroupName: `/aws/lambda/${name}`,
      retention,
      removalPolicy: outlives, // the line of an undelivered user is its only record
    });
    const redeliveryLog = new logs.LogGroup(this, 'RedeliveryLog', {
      logGroupName: `/aws/lambda/${name}-redelivery`,
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const receive = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
    const triggerRole = this.role('TriggerRole', triggerLog, ['sqs:SendMessage']);
    const redeliveryRole = this.role('RedeliveryRole', redeliveryLog, receive);
    this.trigger = new lambda.Function(this, 'Trigger', {
      ...both,
      functionName: name,
      description: 'Sends users that Cognito has confirmed to the backend',
      timeout: Duration.seconds(6), // Cognito waits for 5, and the host ends after 4.5
      role: triggerRole,
      logGroup: triggerLog,
      environment: {
        ...settings,
        UNDELIVERED_QUEUE_URL: this.undelivered.queueUrl,
        ON_UNDELIVERED: props.onUndelivered ?? 'accept',
      },
    });
    this.redelivery = new lambda.Function(this, 'Redelivery', {
      ...both,
      functionName: `${name}-redelivery`,
      description: 'Sends users from the queue to the backend',
      timeout: Duration.seconds(30),
      role: redeliveryRole,
      logGroup: redeliveryLog,
      environment: settings,
    });
    // Without it, an app without the flag recognizeLayerVersion would publish no version for a new mapper.
    const mapperFiles = FileSystem.fingerprint(props.mapper);
    for (const each of [this.trigger, this.redelivery]) each.invalidateVersionBasedOn(mapperFiles);
    this.live = this.trigger.addAlias('live');
    // Not the library's event source, which gives the role more rights than the template does.
    new lambda.CfnEventSourceMapping(this.redelivery, 'FromQueue', {
      functionName: this.redelivery.addAlias('live').functionArn,
      eventSourceArn: this.undelivered.queueArn,
      batchSize: 10,
      functionResponseTypes: ['ReportBatchItemFailures'], // without it Lambda deletes the whole batch, delivered or not
      scalingConfig: { maximumConcurrency: props.maximumConcurrency ?? 5 },
    });

    const roles = [triggerRole, redeliveryRole];
    const keys = new Set([props.secretsKey, authorization?.key, signingSecret?.key].flatMap((key) => key?.keyArn ?? []));
    this.allow('ReadAuthorization', 'read-authorization', roles, authorization ? [authorization] : []);
    this.allow('ReadSigningSecret', 'read-signing-secret', roles, signingSecret ? [signingSecret] : []);
    const decrypt = [...keys].map((resource) => ({ actions: ['kms:Decrypt'], resource }));
    this.allow('DecryptSecrets', 'decrypt-secrets', roles, decrypt);
    this.attach(props, roles);
    const watched = {
      trigger: this.trigger.functionName,
      redelivery: this.redelivery.functionName,
      queue: this.undelivered.queueName,
      deadLetters: this.deadLetters.queueName,
    };
    alarms(this, watched, props.alarmTopic);
    if (props.dashboard ?? true) dashboard(this, watched);
  }

  /** A role that may write to its log and do this with the queue. */
  private role(id: string, log: logs.LogGroup, actions: string[]): iam.Role {
    const statements = [
      new iam.PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [log.logGroupArn] }),
      new iam.PolicyStatement({ actions, resources: [this.undelivered.queueArn] }),
    ];
    return new iam.Role(this, id, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { 'log-and-queue': new iam.PolicyDocument({ statements }) },
    });
  }

  /** A policy of its own for rights of both roles, if there are any. */
  private allow(id: string, policyName: string, roles: iam.IRole[], rights: Right[], scope: Construct = this): void {
    const statements = rights.map(({ actions, resource }) => new iam.PolicyStatement({ actions, resources: [resource] }));
    if (statements.length > 0) new iam.Policy(scope, id, { policyName, roles, statements });
  }

  /** Lets the pool call the function and the function write to the pool; a pool of this app gets the trigger. */
  private attach(props: PostConfirmationProps, roles: iam.IRole[]): void {
    const { userPool } = props;
    const own = isOwn(userPool);
    const actions = [
      ...(props.attributes?.length ? ['cognito-idp:AdminUpdateUserAttributes'] : []),
      ...(props.groups?.length ? ['cognito-idp:AdminAddUserToGroup'] : []),
    ];
    // What names the pool is beside it. In the role's own policy, which the function waits for, it would make a cycle:
    // of resources in one stack, and of stacks if pool and function have one each.
    const rights = actions.length > 0 ? [{ actions, resource: userPool.userPoolArn }] : [];
    this.allow('WriteToUsers', 'write-to-users', roles, rights, own ? userPool : this);
    if (own) {
      userPool.addTrigger(cognito.UserPoolOperation.POST_CONFIRMATION, this.live);
      const permission = userPool.node.tryFindChild('PostConfirmationCognito');
      if (permission instanceof lambda.CfnPermission) permission.sourceAccount = Stack.of(permission).account;
      return;
    }
    new lambda.CfnPermission(this, 'CognitoMayInvoke', {
      functionName: this.live.functionArn,
      action: 'lambda:InvokeFunction',
      principal: 'cognito-idp.amazonaws.com',
      sourceAccount: Stack.of(this).account,
      sourceArn: userPool.userPoolArn,
    });
    const said = 'This app does not make the user pool, so the pool may call the function but has no trigger yet. ' +
      `After deploying, attach it: mapper attach POOL --function ${props.functionName ?? 'post-confirmation'}`;
    Annotations.of(this).addInfo(said);
  }
}

/** Whether the app makes the pool. Not by `instanceof`, which fails if the app has another copy of the library. */
function isOwn(pool: cognito.IUserPool): pool is cognito.UserPool {
  return 'addTrigger' in pool;
}
