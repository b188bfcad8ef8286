// Fields of what a mapper returns. This runs for every event, so names of fields are put together
// only for those that are wrong, and without iterators, which take twice as long.

import { Fault } from 'engine:errors';
import { inspect } from 'engine:inspect';

const { hasOwn, keys } = Object;

/** A field of the object itself: what somebody has added to all objects is not an answer. */
export function own(object, field) {
  return hasOwn(object, field) ? object[field] : undefined;
}

/** A field that has to be there. */
export function needed(object, field, prefix) {
  const value = own(object, field);
  if (value === undefined) throw new Fault(`\`${prefix}${field}\` is missing`);
  return value;
}

/**
 * Refuses what is no text.
 * @param {unknown} value
 * @param {string} field its name
 * @param {number | string} [at] which part of the field it is
 * @param {string} [part] and which part of that
 */
export function text(value, field, at, part = '') {
  if (typeof value === 'string') return value.toWellFormed();
  const name = at === undefined ? field : `${field}[${inspect(at)}]${part}`;
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  const instead = isNumber ? '; write `String(…)`' : '';
  throw new Fault(`\`${name}\` has to be a text, and is ${inspect(value)}${instead}`);
}

/** Refuses fields that are not `known`, above all misspelt ones. `at` is as for `text`. */
export function only(object, known, prefix, at) {
  const fields = keys(object);
  for (let field = 0; field < fields.length; field += 1) {
    if (!known.includes(fields[field])) {
      throw unknown(fields[field], known, at === undefined ? prefix : `${prefix}[${at}].`);
    }
  }
}

/** Which of the `known` names a misspelt one means, if one. */
function meantBy(field, known) {
  const plain = (name) => name.toLowerCase().replace(/[^a-z]/g, '');
  return (
    known.find((name) => plain(name) === plain(field)) ??
    known.find((name) => isNear(plain(name), plain(field)))
  );
}

function unknown(field, known, prefix) {
  const meant = meantBy(field, known);
  const all = known.map((name) => `\`${name}\``).join(', ');
  const instead = meant === undefined ? `it takes ${all}` : `\`${meant}\` is meant?`;
  return new Fault(`there is no field \`${prefix}${field}\`: ${instead}`);
}

/**
 * Whether two words differ by one letter more, less or other, by two that have changed places, or
 * by their ends.
 */
function isNear(one, other) {
  let from = 0;
  while (from < one.length && one[from] === other[from]) from += 1;
  const rests = [
    [1, 0],
    [0, 1],
    [1, 1],
  ].map(([a, b]) => one.slice(from + a) === other.slice(from + b));
  const isLonger = one.length >= 3 && (other.startsWith(one) || (other.length >= 3 && one.startsWith(other)));
  const isSwapped =
    one[from] === other[from + 1] &&
    one[from + 1] === other[from] &&
    one.slice(from + 2) === other.slice(from + 2);
  return rests.includes(true) || isSwapped || isLonger;
}
