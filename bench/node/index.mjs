// The function as a team would write it by hand for Node.js 20: what `just bench` measures ours against. It makes the
// same body of an event as the default mapper, posts it once, and hopes. There is no queue, no second attempt, no
// signature and no idempotency key: what fails here is lost, and Cognito shows the user an error.

const CONFIRM_SIGN_UP = 'PostConfirmation_ConfirmSignUp';
const CONFIRM_FORGOT_PASSWORD = 'PostConfirmation_ConfirmForgotPassword';
/** What is sent unless a variable says otherwise: what most user tables have a column for. */
const COMMON = 'email,email_verified,phone_number,name,given_name,family_name,identities,custom:*';
/** As long as an attempt of ours may take unless `ATTEMPT_TIMEOUT_MS` says otherwise. */
const TIMEOUT_MS = 2000;

// Read once, because the variables stay as they are for as long as the process runs. One that is set to nothing counts
// as not set.
const { BACKEND_API_URL, MAPPER_ENV_USERS_PATH, MAPPER_ENV_USER_ATTRIBUTES } = process.env;
const users = `${BACKEND_API_URL.replace(/\/+$/, '')}/${MAPPER_ENV_USERS_PATH || 'users/'}`;
const sent = new Set((MAPPER_ENV_USER_ATTRIBUTES || COMMON).split(',').map((name) => name.trim()));

/** Answers Cognito's event with that event. */
export const handler = async (event) => {
  if (event.triggerSource !== CONFIRM_SIGN_UP) {
    const isReset = event.triggerSource === CONFIRM_FORGOT_PASSWORD;
    log({ end: 'skipped', code: isReset ? 'password-reset' : 'unknown-trigger-source' });
    return event;
  }
  const started = performance.now();
  const milliseconds = () => Math.round((performance.now() - started) * 1000) / 1000;
  try {
    const status = await post(userOf(event));
    log({ end: 'delivered', status, milliseconds: milliseconds() });
    return event;
  } catch (error) {
    log({ end: 'failed', error: error.message, milliseconds: milliseconds() });
    throw error;
  }
};

/** Posts the user and returns the status of a backend that has it now. */
async function post(user) {
  const response = await fetch(users, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
    // A redirect is an answer like any other, because a user is not to be sent to somewhere else.
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // The connection is kept for the next event only if nothing is left to read on it.
  await response.arrayBuffer();
  // 409 is the backend's word for a user that it has already.
  if (!response.ok && response.status !== 409) throw new Error(`the backend answered ${response.status}`);
  return response.status;
}

/** The user as the backend gets it. `clientMetadata` is never copied: whoever signs up can write anything into it. */
function userOf(event) {
  const attributes = event.request?.userAttributes ?? {};
  if (!attributes.sub) throw new Error("the event has no attribute `sub`, which is the user's id");

  // Maps, because a name such as `__proto__` is not like others in an object.
  const user = new Map();
  const custom = new Map();
  for (const [name, attribute] of Object.entries(attributes)) {
    const isCustom = name.startsWith('custom:');
    if (!sent.has(name) && !(isCustom && sent.has('custom:*'))) continue;
    const value = valueOf(name, attribute);
    if (value === undefined) continue;
    if (isCustom) custom.set(name.slice('custom:'.length), value);
    else user.set(name, value);
  }
  // What the user is comes last, so that no attribute of the same name can take its place.
  if (custom.size > 0) user.set('custom', Object.fromEntries(custom));
  // An administrator who confirms a user does so without a client.
  const clientId = event.callerContext?.clientId;
  if (typeof clientId === 'string') user.set('client_id', clientId);
  user.set('cognito_id', attributes.sub);
  user.set('username', event.userName ?? '');
  user.set('trigger_source', CONFIRM_SIGN_UP);
  user.set('user_pool_id', event.userPoolId ?? '');
  return Object.fromEntries(user);
}

/** An attribute's value as JSON; undefined where it is not what it has to be, which is no reason to lose the user. */
function valueOf(name, attribute) {
  if (attribute === null) return undefined;
  // Cognito writes every value as text, whatever it is. Anything else becomes text, as in the default mapper.
  const text = typeof attribute === 'string' ? attribute : JSON.stringify(attribute);
  switch (name) {
    case 'email_verified':
    case 'phone_number_verified':
      if (/^true$/i.test(text)) return true;
      return /^false$/i.test(text) ? false : undefined;
    case 'identities':
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    default:
      return text;
  }
}

/** One line of JSON for an event, with nothing in it about the user. */
function log(line) {
  console.log(JSON.stringify(line));
}
