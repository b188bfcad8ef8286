// The event as a mapper sees it: the fields of the contract in camel case, and besides the lists
// two objects.

/** Makes the event of its parts, in the order in which `event.rs` has them. */
export function eventOf(tag, other, region, userPoolId, userName, clientId, attributes, metadata, id, json) {
  const user = named(attributes);
  const client = named(metadata);
  return {
    triggerSource: tag === 'other' ? { tag, val: other } : { tag },
    region,
    userPoolId,
    userName,
    clientId,
    userAttributes: user.list,
    clientMetadata: client.list,
    attributes: user.object,
    metadata: client.object,
    id,
    json,
  };
}

/**
 * A list, and an object in which the first of repeated names counts. It has no prototype, so that a
 * name means nothing but itself. Iterators would take twice as long here.
 * @param {string[]} flat names and values in turn
 */
function named(flat) {
  const list = [];
  const object = Object.create(null);
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at];
    const value = flat[at + 1];
    list[at >> 1] = { name, value };
    if (object[name] === undefined) object[name] = value;
  }
  return { list, object };
}
