// @ts-check
// The default mapper, in JavaScript: a confirmed user becomes a `POST` with a small JSON body, and password resets are
// skipped.
//
// Each event gets a sandbox of its own, made from a snapshot that was taken when the component was built. Code outside
// of functions therefore runs once, at build time: variables, clocks and random numbers belong into functions. There is
// no network and there are no files; the host sends the request.

/**
 * @import { Answer, Attribute, Effects, Event, Outcome } from './post-confirmation.d.ts'
 */

/** The attributes that are sent if `USER_ATTRIBUTES` is not set: most user tables have a column for them. */
const COMMON = ['email', 'email_verified', 'phone_number', 'name', 'given_name', 'family_name', 'identities', 'custom:*'];

/** Cognito's own attributes, except those that begin with `cognito:`. */
const STANDARD = new Set(
  `address birthdate email email_verified family_name gender given_name identities locale middle_name name nickname
   phone_number phone_number_verified picture preferred_username profile sub updated_at website zoneinfo`.split(/\s+/),
);

/**
 * Maps one event.
 * @param {Event} event
 * @returns {Outcome}
 */
export function transform(event) {
  switch (event.triggerSource.tag) {
    case 'confirm-sign-up':
      break;
    case 'confirm-forgot-password':
      return { skip: 'password-reset' };
    default:
      return { skip: 'unknown-trigger-source' };
  }
  // A variable that is set to nothing counts as not set.
  const attributes = process.env.USER_ATTRIBUTES ? attributesIn(process.env.USER_ATTRIBUTES) : COMMON;
  return {
    deliver: {
      method: 'post',
      path: process.env.USERS_PATH || 'users/',
      body: userOf(event, attributes),
      // The backend has the user already, from an earlier attempt.
      acceptStatus: [409],
    },
  };
}

/**
 * The names in `USER_ATTRIBUTES`. A name that no attribute has (in a list with another separator, for example) would
 * match nothing, and users would silently be sent without attributes.
 * @param {string} text
 * @returns {string[]}
 */
function attributesIn(text) {
  const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
  const wrong = names.find((name) => !isPossible(name));
  if (wrong === undefined && names.length > 0) return names;
  const holds = wrong === undefined ? 'no name' : `\`${wrong}\`, which is no name of an attribute of Cognito`;
  const takes = 'it takes names of attributes, separated by commas: `email,locale,custom:*`';
  throw { code: 'bad-user-attributes', message: `USER_ATTRIBUTES holds ${holds}; ${takes}` };
}

/**
 * Whether an attribute can have this name, or `*` in it stands for all custom ones.
 * @param {string} name
 */
function isPossible(name) {
  const own = customName(name);
  if (own !== undefined) return own === '*' || isName(own);
  return STANDARD.has(name) || (name.startsWith('cognito:') && isName(name.slice('cognito:'.length)));
}

/**
 * Whether a name, without its prefix, holds no blank and no separator of a list.
 * @param {string} text
 */
function isName(text) {
  return /^[^\s\x00-\x1f\x7f-\x9f;:|/+&*"]+$/.test(text);
}

/**
 * The name of a custom attribute without its prefix; undefined if it is another one. Those that only a developer can
 * write have `dev:` before it.
 * @param {string} name
 */
function customName(name) {
  const own = name.startsWith('dev:') ? name.slice('dev:'.length) : name;
  if (own.startsWith('custom:')) return own.slice('custom:'.length);
  return own === name ? undefined : own;
}

/**
 * The user as the backend gets it. `clientMetadata` is never copied: the person who signs up can write anything into it.
 * @param {Event} event
 * @param {string[]} sent the names of the attributes to send
 */
function userOf(event, sent) {
  // Attributes can be repeated, and the first can be empty.
  const sub = event.userAttributes.find(({ name, value }) => name === 'sub' && value !== '');
  if (!sub) throw { code: 'no-sub', message: "the event has no attribute `sub`, which is the user's id" };

  // Without a prototype, so that a name such as `__proto__` is like any other.
  const user = Object.create(null);
  const custom = Object.create(null);
  const sentCustom = sent.map(customName);
  // What only a developer can write comes last, so that no user can write another value in its place.
  for (const isDevelopers of [false, true]) {
    for (const attribute of event.userAttributes) {
      const { name } = attribute;
      if (name.startsWith('dev:') !== isDevelopers) continue;
      const own = customName(name);
      const isSent = own === undefined ? sent.includes(name) : sentCustom.includes(own) || sentCustom.includes('*');
      const value = isSent ? valueOf(attribute) : undefined;
      if (value === undefined) continue;
      if (own === undefined) user[name] = value;
      else custom[own] = value;
    }
  }
  // What the user is comes last, so that no attribute of the same name can take its place.
  if (Object.keys(custom).length > 0) user.custom = custom;
  if (event.clientId !== undefined) user.client_id = event.clientId;
  user.cognito_id = sub.value;
  user.username = event.userName;
  user.trigger_source = 'PostConfirmation_ConfirmSignUp';
  user.user_pool_id = event.userPoolId;
  return user;
}

/**
 * An attribute's value as JSON; undefined if it has the wrong type, which must not keep the user from the backend.
 * Cognito writes every value as text.
 * @param {Attribute} attribute
 */
function valueOf({ name, value }) {
  switch (name) {
    case 'email_verified':
    case 'phone_number_verified':
      if (/^true$/i.test(value)) return true;
      if (/^false$/i.test(value)) return false;
      return leftOut(name, 'is neither `true` nor `false`');
    case 'identities':
      try {
        return JSON.parse(value);
      } catch {
        return leftOut(name, 'is not JSON');
      }
    default:
      return value;
  }
}

/**
 * Says on standard error that an attribute is left out, without its value.
 * @param {string} name
 * @param {string} reason
 */
function leftOut(name, reason) {
  console.error(`the attribute \`${name}\` ${reason} and is left out`);
  return undefined;
}

/**
 * Says what of the answer is written to the Cognito user: the backend's id of the user and the group that it names. The
 * operator lists what may be, in `COGNITO_ATTRIBUTES` and `COGNITO_GROUPS`. The default mapper does the same with
 * `ATTRIBUTES_FROM_ANSWER=custom:backend_id=/id` and `GROUPS_FROM_ANSWER=/group`.
 * @param {Event} event
 * @param {Answer} answer
 * @returns {Effects}
 */
export function conclude(event, answer) {
  if (answer.body.length === 0) return {};
  const { id, group } = answer.json();
  // The backend knows the user, but does not say by which id: an error would come again with each delivery.
  if (!id && answer.status === 409) return {};
  if (!id) throw { code: 'no-id', message: "the backend's answer has no `id`" };
  return { attributes: { 'custom:backend_id': String(id) }, groups: group ? [group] : [] };
}
