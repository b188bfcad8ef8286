// What comes after the delivery: the backend's answer as a mapper sees it, and a check by field of
// what is to be done with the Cognito user.

import { Fault } from 'engine:errors';
import { only, own, text } from 'engine:fields';
import { inspect, kindOf } from 'engine:inspect';
import { TextDecoder } from 'engine:text';

const EFFECTS = ['attributes', 'groups'];
const EFFECTS_ARE = '`{ attributes: { name: value }, groups: [name] }`, or nothing';

/** An integer of so many digits, or a number with such an exponent, can be beyond what a number holds. */
const LONG = /\d{16}|\de\+?\d{2}/i;
const INTEGER = /^(-?\d+)(?:\.0+)?$/;

/** What all answers have. */
const prototype = {
  text() {
    return new TextDecoder().decode(this.body);
  },
  json() {
    const text = this.text();
    try {
      return LONG.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const wrong = text === '' ? 'no body: look at `answer.body.length` first' : 'a body that is no JSON';
      // A new one, whose stack begins with the mapper and not within the JSON.
      throw new SyntaxError(`the backend's answer (status ${this.status}) has ${wrong}`);
    }
  },
};

/** An integer that a number would round is a bigint, so that `String(id)` has all of its digits. */
function exact(_, value, { source }) {
  if (value === Infinity || value === -Infinity)
    throw new RangeError(`the answer has the number ${source}, which is too large for JavaScript`);
  const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  const [, integer] = (isRounded && INTEGER.exec(source)) || [];
  return integer === undefined ? value : BigInt(integer);
}

/** Makes the answer of its parts; `flat` are names and values in turn, and the first of a name counts. */
export function answerOf(status, flat, body) {
  const headers = Object.create(null);
  for (let at = 0; at < flat.length; at += 2) headers[flat[at]] ??= flat[at + 1];
  return { __proto__: prototype, status, headers, body };
}

/**
 * The effects as a list for `outcome.rs`.
 * @param {unknown} effects
 * @param {string} named the function that returned them
 */
export function checkedEffects(effects, named) {
  try {
    return listOf(effects);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return ['error', 'bad-answer', `${named} returned what are no effects: ${fault.message}`];
  }
}

function listOf(effects) {
  if (effects === undefined || effects === null) return ['effects', [], []];
  if (kindOf(effects) !== 'object')
    throw new Fault(`it has to be ${EFFECTS_ARE}, and is ${inspect(effects)}`);
  only(effects, EFFECTS, '');
  return ['effects', attributesOf(own(effects, 'attributes')), groupsOf(own(effects, 'groups'))];
}

function attributesOf(attributes) {
  const flat = [];
  if (attributes === undefined) return flat;
  if (kindOf(attributes) !== 'object')
    throw new Fault(`\`attributes\` has to be an object, and is ${inspect(attributes)}`);
  for (const name of Object.keys(attributes)) {
    flat.push(name.toWellFormed(), text(attributes[name], 'attributes', name));
  }
  return flat;
}

function groupsOf(groups) {
  if (groups === undefined) return [];
  if (!Array.isArray(groups)) throw new Fault(`\`groups\` has to be a list, and is ${inspect(groups)}`);
  // `map` would leave out what was never set.
  return Array.from(groups, (group, at) => text(group, 'groups', at));
}
