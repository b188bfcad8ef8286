// The event as a mapper sees it: the fields of the contract in camel case, and besides the lists
// two objects.

/** The names of the objects, and those of the lists that they are made of. */
const OBJECTS = { attributes: 'userAttributes', metadata: 'clientMetadata' };

/** What all events have: the objects, each made if it is asked for. */
const prototype = {};
for (const [name, list] of Object.entries(OBJECTS)) {
  const get = function () {
    const value = objectOf(this[list]);
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    return value;
  };
  Object.defineProperty(prototype, name, { get, enumerable: true, configurable: true });
}

/** Makes the event of its parts, in the order in which `event.rs` has them. */
export function eventOf(
  tag,
  other,
  region,
  userPoolId,
  userName,
  clientId,
  userAttributes,
  clientMetadata,
  id,
  json,
  receivedAt,
) {
  return {
    __proto__: prototype,
    triggerSource: tag === 'other' ? { tag, val: other } : { tag },
    region,
    userPoolId,
    userName,
    clientId,
    userAttributes,
    clientMetadata,
    id,
    json,
    receivedAt,
  };
}

/**
 * The first of repeated names counts. It has no prototype, so that a name means nothing but itself.
 * Iterators would take twice as long here.
 */
function objectOf(list) {
  const object = Object.create(null);
  for (let at = 0; at < list.length; at += 1) {
    const { name, value } = list[at];
    if (object[name] === undefined) object[name] = value;
  }
  return object;
}
