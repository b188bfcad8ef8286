// The event as a mapper sees it: the fields of the contract in camel case, and besides the lists two objects.

/** Makes the event of its parts, in the order in which `event.rs` has them. */
export function eventOf(tag, other, region, userPoolId, userName, clientId, attributes, metadata, id, json) {
  const userAttributes = listOf(attributes);
  const clientMetadata = listOf(metadata);
  return {
    triggerSource: tag === 'other' ? { tag, val: other } : { tag },
    region,
    userPoolId,
    userName,
    clientId,
    userAttributes,
    clientMetadata,
    attributes: objectOf(userAttributes),
    metadata: objectOf(clientMetadata),
    id,
    json,
  };
}

/** @param {string[]} flat names and values in turn */
function listOf(flat) {
  const list = [];
  for (let at = 0; at < flat.length; at += 2) list.push({ name: flat[at], value: flat[at + 1] });
  return list;
}

/** The first of repeated names counts. Without a prototype, so that a name means nothing but itself. */
function objectOf(list) {
  const object = Object.create(null);
  for (const { name, value } of list) {
    if (!(name in object)) object[name] = value;
  }
  return object;
}
