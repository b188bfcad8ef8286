// What a mapper is given and what it returns. The sentences are those of the contract; the names are in camel case.

/** Why Cognito called. */
export type TriggerSource =
  /**
   * `PostConfirmation_ConfirmSignUp`: a user is confirmed for the first time, by code, by an administrator,
   * by auto-confirmation or by a first sign-in through an identity provider.
   */
  | { tag: 'confirm-sign-up' }
  /** `PostConfirmation_ConfirmForgotPassword`: a user has set a new password. This happens any number of times. */
  | { tag: 'confirm-forgot-password' }
  /** Any other source, as it came. A mapper should skip what it does not know. */
  | { tag: 'other'; val: string };

/** A named value. */
export interface Attribute {
  /** The name, for example `sub`, `email` or `custom:plan`. */
  name: string;
  /**
   * The value. Cognito writes every value as text: `email_verified` is `true` or `false`, and `identities`
   * is a JSON document inside the text.
   */
  value: string;
}

/** One call from Cognito. */
export interface Event {
  /** Why Cognito called. */
  triggerSource: TriggerSource;
  /** The user pool's region, for example `eu-central-1`; empty where the event has none. */
  region: string;
  /** The user pool's id, for example `eu-central-1_A1b2C3d4E`; empty where the event has none. */
  userPoolId: string;
  /**
   * The user's name in the pool, which may be an e-mail address or a phone number; empty where the event has
   * none. The attribute `sub` is the id that never changes.
   */
  userName: string;
  /**
   * The app client that the user signed up through; none if an administrator confirmed the user, for whom Cognito
   * writes nothing or `CLIENT_ID_NOT_APPLICABLE`.
   */
  clientId: string | undefined;
  /** The user's attributes, in the order of the event. `custom:*` attributes are among them. */
  userAttributes: Attribute[];
  /**
   * What the signing-up client passed along, in the order of the event.
   *
   * This is input from a browser that nobody has checked. A mapper must not let it decide who the user is or
   * what the user may do.
   */
  clientMetadata: Attribute[];
  /**
   * The host's id of this event: the same for every attempt to deliver it, however often Cognito calls. The
   * host sends it to the backend as `idempotency-key`; a mapper need not.
   */
  id: string;
  /** The event exactly as Cognito sent it, as JSON, for what the other fields leave out. */
  json: string;
  /**
   * When the host was first called with this event: RFC 3339 with milliseconds, in UTC, for example
   * `2026-11-28T09:30:00.123Z`. It is the same for every attempt and redelivery, so a mapper can send it. If
   * Cognito itself calls twice for one confirmation, each call has its own. A mapper must not ask a clock for what
   * it sends: a redelivery would send something else under the same idempotency key.
   */
  receivedAt: string;
  /** `userAttributes` by name: `event.attributes.email`. Of repeated names it has the first. */
  attributes: Readonly<Record<string, string | undefined>>;
  /** `clientMetadata` by name. Of repeated names it has the first. */
  metadata: Readonly<Record<string, string | undefined>>;
}

/** A request header. */
export interface Header {
  /** The name: a token of HTTP, in any case. */
  name: string;
  /** The value: visible ASCII, spaces and tabs. */
  value: string;
}

/** How the backend is asked. */
export type Method = 'post' | 'put' | 'patch' | 'POST' | 'PUT' | 'PATCH';

/**
 * One HTTP request to the backend. The host checks it, adds what only the host may add, and sends it.
 *
 * A request that breaks a rule below is not sent: the event ends as a mapper's error that names the rule.
 */
export interface Request {
  /** The method. */
  method: Method;
  /**
   * The path below the base address that the operator has set, with a query where one is needed: `users/`,
   * `users/42?notify=1`. A single leading slash changes nothing.
   *
   * At most 8192 bytes of the characters that RFC 3986 allows in a path and a query; everything else is
   * percent-encoded UTF-8, at most three times over. It must not leave the base, however leniently it is read:
   * no scheme, no `//` at its start, no fragment, no backslash; before the query, in any encoding, no control
   * character and no `.` or `..` segment, also with blanks or what has no width beside the dots, with a `;`, `?`
   * or `#` behind them, or with a character in it that Unicode or Windows equates with one of these or with a
   * slash; and no `%u` with four digits behind it that is itself percent-encoded.
   */
  path: string;
  /**
   * The headers, in the order in which they are sent. At most 64, at most 16384 bytes together.
   *
   * A mapper must not set what is not its to say. `*` stands for any ending, and any mark for a hyphen:
   *
   * - what belongs to the connection: `connection`, `content-length`, `early-data`, `expect`, `host`,
   * `http2-settings`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade`;
   * - credentials, and what the host adds: `authorization`, `cookie`, `idempotency-key`, `proxy-*`,
   * `traceparent`, `tracestate`, `webhook-*`;
   * - another method: `http-method-override`, `x-http-method*`, `x-method-override`;
   * - another address: `destination`, `front-end-https`, `path-info`, `proxy`, `script-name`, `x-accel-*`,
   * `x-envoy-*`, `x-host`, `x-http-host-override`, `x-original-*`, `x-path-info`, `x-proxy-*`, `x-rewrite-*`,
   * `x-scheme`, `x-script-name`, `x-sendfile-*`, `x-url-scheme`;
   * - where a request comes from: `client-ip`, `fastly-client-ip`, `fly-client-ip`, `forwarded*`,
   * `true-client-ip`, `via`, `x-appengine-*`, `x-azure-*`, `x-client-ip`, `x-cluster-client-ip`,
   * `x-forward*`, `x-originating-ip`, `x-real-*`;
   * - who asks, as a gateway says it: `cf-*`, `client-cert*`, `remote-*`, `ssl-client-*`, `x-amz-*`, `x-amzn-*`,
   * `x-arr-*`, `x-auth-request-*`, `x-auth-user*`, `x-authenticated-*`, `x-client-cert*`, `x-consumer-*`,
   * `x-credential-*`, `x-goog-authenticated-*`, `x-goog-iap-*`, `x-middleware-*`, `x-ms-client-principal*`,
   * `x-remote-*`, `x-ssl-*`, `x-webauth-*`.
   *
   * A list, or an object of names and values; none if it is left out.
   */
  headers?: Header[] | Record<string, string>;
  /**
   * The body, at most 1048576 bytes. The host does not look into it.
   *
   * A text is sent as UTF-8, and a plain object or array as JSON, with `content-type: application/json` unless there
   * is another.
   */
  body: string | Uint8Array | object;
  /**
   * Statuses besides 2xx that mean that the backend has the user: 409 where it answers so for a user that it
   * already knows. From 300 to 499, without 408, 425 and 429, which ask to try again; at most 16.
   *
   * None if it is left out.
   */
  acceptStatus?: number[];
}

/** What is to be done with an event. */
export type Outcome =
  /** Deliver this request. */
  | { deliver: Request }
  | { tag: 'deliver'; val: Request }
  /**
   * Deliver nothing, and count the event as done. The text is a code: 1 to 64 lower-case letters, digits and
   * hyphens, beginning with a letter. It is logged, so it must not be made of user data.
   */
  | { skip: string }
  | { tag: 'skip'; val: string };

/**
 * Why a mapper could not map an event. The event is not lost: it is handled like one that the backend did not
 * take.
 *
 * Thrown as it is, it is this error. Whatever else is thrown is the error `exception`, with its words.
 */
export interface MapperError {
  /** A code in the form of a skip's code. It is logged, so it must not be made of user data. */
  code: string;
  /**
   * What happened, for the mapper's author. It is logged only where the operator has turned `MAPPER_LOGS`
   * on, cut to a limit, and Cognito's users never see it.
   */
  message: string;
}

/**
 * What the backend answered to the request that counts as delivered.
 *
 * The host has not checked what is in it. Nobody sees it but the mapper: it is in no log.
 */
export interface Answer {
  /** The status: from 200 to 299, or one of the request's `acceptStatus`. */
  status: number;
  /**
   * The headers in the order in which they came, with names in lower case. `set-cookie` and those that belong
   * to the connection are left out, as is a value that is no visible ASCII; at most 64, at most 16384 bytes
   * together.
   *
   * By name. Of repeated names it has the first.
   */
  headers: Readonly<Record<string, string | undefined>>;
  /**
   * The body, at most 65536 bytes. A longer one, or one that breaks off, is never handed over in part: the
   * event ends as an error, and is delivered again.
   */
  body: Uint8Array;
  /** The body as text, from UTF-8. */
  text(): string;
  /** The body as JSON. An integer beyond 2^53 is a bigint: `String(id)` has all of its digits. */
  json(): any;
}

/** What is to be done with the user of the event in the user's own pool. There is no way to name another one. */
export interface Effects {
  /**
   * By name: Set an attribute of the user, for example `custom:backend_id`. An empty value empties it. The name has to
   * be one of those that the operator has listed, and no name may be set twice. At most 2048 characters, none
   * of them a control character.
   */
  attributes?: Record<string, string>;
  /** Each: Add the user to this group. It has to be one of those that the operator has listed. */
  groups?: string[];
}

/** What the mapper's own module exports, or has as `mapper`. */
export interface Mapper {
  transform(event: Event): Outcome | Promise<Outcome>;
  /** Is called once the backend has taken the request, if it is there and the operator lists what may be written. */
  conclude?(event: Event, answer: Answer): Effects | undefined | Promise<Effects | undefined>;
}

/** The variables that the operator has set for the mapper, and what else of Node.js's `process` is there. */
declare global {
  var process: { readonly env: Readonly<Record<string, string | undefined>>; nextTick(job: () => void): void };
}
