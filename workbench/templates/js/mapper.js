// @ts-check

/**
 * Makes the request for one confirmed user. Every event runs this in a sandbox of its own; what is outside of functions
 * runs once, when the mapper is built.
 * @param {import('./post-confirmation.d.ts').Event} event
 * @returns {import('./post-confirmation.d.ts').Outcome}
 */
export function transform(event) {
  if (event.triggerSource.tag !== 'confirm-sign-up') return { skip: 'no-sign-up' };

  const { sub, email, 'custom:plan': plan = 'free' } = event.attributes;
  if (!email) throw { code: 'no-email', message: 'the user has no e-mail address' };

  return {
    deliver: {
      method: 'post',
      path: process.env.USERS_PATH ?? 'users/', // below BACKEND_API_URL
      body: { id: sub, email, plan },
      acceptStatus: [409], // the backend knows the user already
    },
  };
}

/**
 * Says what of the backend's answer is written to the Cognito user. The operator lists what may be, in
 * `COGNITO_ATTRIBUTES` and `COGNITO_GROUPS`.
 * @param {import('./post-confirmation.d.ts').Event} event
 * @param {import('./post-confirmation.d.ts').Answer} answer
 * @returns {import('./post-confirmation.d.ts').Effects}
 */
export function conclude(event, answer) {
  if (answer.body.length === 0) return {};
  const { id, group } = answer.json();
  // The backend knows the user, but does not say by which id: an error would come again with each delivery.
  if (!id && answer.status === 409) return {};
  if (!id) throw { code: 'no-id', message: "the backend's answer has no `id`" };
  return { attributes: { 'custom:backend_id': String(id) }, groups: group ? [group] : [] };
}
