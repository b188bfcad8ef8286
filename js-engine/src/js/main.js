// Ties the engine together: what `engine.rs` calls, and the globals.

import { installAbsent } from 'engine:absent';
import { checked, errorOf } from 'engine:outcome';
import { structuredClone } from 'engine:clone';
import { console } from 'engine:console';
import { CryptoKey, crypto } from 'engine:crypto';
import { process, stopBuilding } from 'engine:environment';
import { Fault, describe, learn, placeOf } from 'engine:errors';
import { eventOf } from 'engine:event';
import { answerOf, checkedEffects } from 'engine:follow-up';
import { milliseconds, random } from 'engine:native';
import { inspect } from 'engine:inspect';
import { TextDecoder, TextEncoder } from 'engine:text';
import { clearInterval, clearTimeout, fire, setInterval, setTimeout, untilNext } from 'engine:timers';
import { URL, URLSearchParams } from 'engine:url';

export { learn as begin, describe, fire };

/** The engine's own would tell the time since the mapper was built. */
const performance = {
  now: milliseconds,
  get timeOrigin() {
    return Date.now() - milliseconds();
  },
};
const globals = {
  CryptoKey,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  performance,
  process,
  setInterval,
  setTimeout,
  structuredClone,
};
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
installAbsent();
// The engine's own would begin with the same seed in every event.
Math.random = random;

// The engine makes its functions when they are first asked for: here, so that no event has to.
for (const owner of [Array, JSON, Object, String]) {
  for (const holder of [owner, owner.prototype ?? owner]) {
    Object.values(Object.getOwnPropertyDescriptors(holder));
  }
}

/** It needs no iterator, unlike a spread, which takes several times as long. */
const { apply } = Reflect;

/** Why a promise stays as it is. */
const IDLE = 'nothing is left that could do it';

/** What the follow-up is called, what people call it, and how many letters may be wrong. */
const FOLLOW_UP = 'conclude';
const CALLED = 'followup';
const WRONG = 2;

/** The mapper's functions, and what messages call them. */
let transform;
let named;
let follow;
let followNamed;

/** What messages call the function that runs. */
let running;

/** Promises that were rejected, and that nobody handles yet. */
const unhandled = new Map();

/**
 * Finds the mapper's functions among what its module exports.
 * @param {object} exports
 * @param {string} file
 * @returns {boolean} whether it has a follow-up
 */
export function built(exports, file) {
  const { mapper } = exports;
  if (typeof mapper?.transform === 'function') {
    // As a method, so that it finds its `this`.
    transform = (event) => mapper.transform(event);
    named = `\`mapper.transform\` (${placeOf(mapper.transform, file)})`;
  } else if (typeof exports.transform === 'function') {
    transform = exports.transform;
    named = `\`transform\` (${placeOf(transform, file)})`;
  } else {
    throw new Fault(missing(exports, file));
  }
  findFollowUp(mapper?.conclude === undefined ? exports : mapper, file);
  if (follow === undefined) [exports, mapper].forEach((holder) => warnOfMisspelt(holder, file));
  for (const reason of unhandled.values()) throw reason;
  stopBuilding();
  return follow !== undefined;
}

/** Finds what is called after the delivery, if `holder` has it. */
function findFollowUp(holder, file) {
  const { conclude } = holder;
  if (conclude === undefined) return;
  if (typeof conclude !== 'function')
    throw new Fault(`${file} exports \`conclude\`, which is no function but is ${inspect(conclude)}`);
  follow = (event, answer) => conclude.call(holder, event, answer);
  followNamed = `\`conclude\` (${placeOf(conclude, file)})`;
}

/** Warns of functions of `holder` that look like a follow-up and are not called. */
function warnOfMisspelt(holder, file) {
  for (const [name, value] of Object.entries(holder ?? {})) {
    if (typeof value !== 'function' || isClass(value) || !isMisspelt(name)) continue;
    const says = "is not called with the backend's answer: what is called with it has the name `conclude`";
    console.warn(`warning: ${placeOf(value, file)}: \`${name}\` ${says}`);
  }
}

/** Other words, such as `include`, begin with another letter. */
function isMisspelt(name) {
  const plain = name.toLowerCase().replaceAll('_', '');
  return plain === CALLED || (plain[0] === FOLLOW_UP[0] && distance(plain, FOLLOW_UP) <= WRONG);
}

/** How many letters are to be put in, taken out or changed. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 0; at < one.length; at += 1) {
    const before = row;
    row = [at + 1];
    for (let to = 0; to < other.length; to += 1) {
      const changed = before[to] + (one[at] === other[to] ? 0 : 1);
      row.push(Math.min(before[to + 1] + 1, row[to] + 1, changed));
    }
  }
  return row[other.length];
}

function isClass(value) {
  return Function.prototype.toString.call(value).startsWith('class');
}

/** Refuses a mapper of whose modules one waits for ever, at one of these places. */
export function stuck(places) {
  throw new Fault(`${places.join(' or ')}: what is awaited outside of functions is never settled: ${IDLE}`);
}

/** What is wrong with what a module exports. That it exports either is seen before it gets here. */
function missing(exports, file) {
  const example = 'write `export function transform(event) { … }`';
  if ('transform' in exports) return `${file} exports \`transform\`, which is no function; ${example}`;
  const is = inspect(exports.mapper);
  return `${file} exports \`mapper\`, which has no function \`transform\` but is ${is}; ${example}`;
}

/** Maps an event, given by its parts: a list for `outcome.rs`, or a promise of one. */
export function run(...parts) {
  return settled(() => transform(apply(eventOf, undefined, parts)), checked, named);
}

/** Says what is to be done after the backend's answer, whose parts are the last three. */
export function conclude(...parts) {
  const answer = apply(answerOf, undefined, parts.splice(-3));
  return settled(() => follow(apply(eventOf, undefined, parts), answer), checkedEffects, followNamed);
}

/** What `call` returns, or promises, once it is checked. */
function settled(call, check, named) {
  running = named;
  try {
    const returned = call();
    if (typeof returned?.then !== 'function') return check(returned, named);
    return Promise.resolve(returned)
      .then((returned) => check(returned, named))
      .catch((thrown) => errorOf(thrown, named));
  } catch (thrown) {
    return errorOf(thrown, named);
  }
}

/** In how many milliseconds a timer is due, which may settle what is waited for. */
export function due() {
  const next = untilNext();
  if (next === undefined) throw new Fault(`${running} waits for a promise that is never settled: ${IDLE}`);
  return next;
}

/** Notes that a promise was rejected, or that somebody handles it after all. */
export function track(promise, reason, isHandled) {
  if (isHandled) unhandled.delete(promise);
  else unhandled.set(promise, reason);
}

/** What was rejected and is handled by nobody, as a list for `outcome.rs`. */
export function rejected() {
  if (unhandled.size === 0) return undefined;
  const [[, reason]] = unhandled;
  return errorOf(reason, running);
}
