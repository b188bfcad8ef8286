// The event as a mapper sees it: the fields of the contract in camel case, and besides the lists
// two objects.

const { create, defineProperty, freeze, isExtensible } = Object;

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
    // Made if they are asked for, also by what copies the event.
    get attributes() {
      return kept(this, 'attributes', this.userAttributes);
    },
    get metadata() {
      return kept(this, 'metadata', this.clientMetadata);
    },
  };
}

/** Makes the object of a list once. An event that is frozen keeps nothing, so it is made each time, and is frozen, too. */
function kept(event, name, list) {
  const value = objectOf(list);
  if (!isExtensible(event)) return freeze(value);
  defineProperty(event, name, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

/**
 * The first of repeated names counts. It has no prototype, so that a name means nothing but itself.
 * Iterators would take twice as long here.
 */
function objectOf(list) {
  const object = create(null);
  for (let at = 0; at < list.length; at += 1) {
    const { name, value } = list[at];
    if (object[name] === undefined) object[name] = value;
  }
  return object;
}
