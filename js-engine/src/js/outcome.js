// Checks by field what a mapper returns or throws. A fault names the field and what it got.

import { Fault, describe } from 'engine:errors';
import { needed, only, own, text } from 'engine:fields';
import { inspect, kindOf } from 'engine:inspect';
import { isOpaque } from 'engine:opaque';

const CODE = /^[a-z][a-z0-9-]{0,63}$/;
const CODE_IS = 'a code of 1 to 64 lower-case letters, digits and hyphens that begins with a letter';
const OUTCOME_IS = "`{ deliver: { method, path, body } }` or `{ skip: 'code' }`";
const METHODS = ['post', 'put', 'patch'];
const OUTCOME = ['deliver', 'skip'];
const VARIANT = ['tag', 'val'];
const HEADER = ['name', 'value'];
const REQUEST = ['method', 'path', 'headers', 'body', 'acceptStatus'];

/** What JSON writes as `{}`, or not as what it is, though a clone can be made of it. */
const LOST = [ArrayBuffer, DataView, Error, Map, RegExp, Set, Object.getPrototypeOf(Int8Array)];
const { hasOwn, keys } = Object;
const { isArray } = Array;
const { stringify } = JSON;

/**
 * The answer as a list for `outcome.rs`.
 * @param {unknown} answer
 * @param {string} named the function that returned it
 */
export function checked(answer, named) {
  try {
    return outcome(answer);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return ['error', 'bad-answer', `${named} returned what is no outcome: ${fault.message}`];
  }
}

/**
 * What was thrown, as a list for `outcome.rs`.
 * @param {unknown} thrown
 * @param {string} named the function that threw it
 */
export function errorOf(thrown, named) {
  const { code, message } = fieldsOf(thrown);
  const wrong = [];
  if (!isCode(code)) wrong.push(`\`code\` has to be ${CODE_IS}, and is ${inspect(code)}`);
  if (typeof message !== 'string') wrong.push(`\`message\` has to be a text, and is ${inspect(message)}`);
  if (wrong.length === 0) return ['error', code, message.toWellFormed()];
  const isMeant = (code !== undefined || message !== undefined) && !(thrown instanceof Error);
  return ['error', 'exception', describe(thrown, named, isMeant ? wrong.join('; ') : undefined)];
}

/** The code and the message, if a mapper meant to throw them. */
function fieldsOf(thrown) {
  try {
    const { code, message } = thrown;
    return { code, message };
  } catch {
    // Whatever keeps its fields from being read is no such error.
    return {};
  }
}

function isCode(code) {
  return typeof code === 'string' && CODE.test(code);
}

function outcome(answer) {
  if (!isObject(answer)) throw new Fault(`it has to be ${OUTCOME_IS}, and is ${inspect(answer)}`);
  if (hasOwn(answer, 'tag')) {
    only(answer, VARIANT, '');
    const { tag, val } = answer;
    if (tag !== 'deliver' && tag !== 'skip')
      throw new Fault(`\`tag\` has to be 'deliver' or 'skip', and is ${inspect(tag)}`);
    return tag === 'deliver' ? request(val) : ['skip', skip(val)];
  }
  only(answer, OUTCOME, '');
  const kinds = keys(answer);
  if (kinds.length !== 1) throw new Fault(`it has to be ${OUTCOME_IS}, and is ${inspect(answer)}`);
  return kinds[0] === 'deliver' ? request(answer.deliver) : ['skip', skip(answer.skip)];
}

function skip(code) {
  if (!isCode(code)) throw new Fault(`\`skip\` has to be ${CODE_IS}, and is ${inspect(code)}`);
  return code;
}

function request(request) {
  if (!isObject(request))
    throw new Fault(`\`deliver\` has to be \`{ method, path, body }\`, and is ${inspect(request)}`);
  only(request, REQUEST, 'deliver.');
  const method = needed(request, 'method', 'deliver.');
  const path = text(needed(request, 'path', 'deliver.'), 'deliver.path');
  const body = needed(request, 'body', 'deliver.');
  const headers = headersOf(own(request, 'headers'));
  const acceptStatus = acceptStatusOf(own(request, 'acceptStatus'));
  return ['deliver', methodOf(method), path, headers, bodyOf(body, headers), acceptStatus];
}

function methodOf(method) {
  const lower = typeof method === 'string' ? method.toLowerCase() : undefined;
  if (!METHODS.includes(lower))
    throw new Fault(`\`deliver.method\` has to be 'post', 'put' or 'patch', and is ${inspect(method)}`);
  return lower;
}

/** Names and values in turn. */
function headersOf(headers) {
  const flat = [];
  if (headers === undefined) return flat;
  if (isArray(headers)) {
    for (let at = 0; at < headers.length; at += 1) {
      const header = headers[at];
      if (!isObject(header)) {
        const is = inspect(header);
        throw new Fault(`\`deliver.headers[${at}]\` has to be \`{ name, value }\`, and is ${is}`);
      }
      only(header, HEADER, 'deliver.headers', at);
      flat.push(text(own(header, 'name'), 'deliver.headers', at, '.name'));
      flat.push(text(own(header, 'value'), 'deliver.headers', at, '.value'));
    }
    return flat;
  }
  if (!isPlain(headers)) {
    const what = 'an object or a list of `{ name, value }`';
    throw new Fault(`\`deliver.headers\` has to be ${what}, and is ${inspect(headers)}`);
  }
  const names = keys(headers);
  for (let at = 0; at < names.length; at += 1) {
    flat.push(names[at].toWellFormed(), text(headers[names[at]], 'deliver.headers', names[at]));
  }
  return flat;
}

/** A text or bytes. A body that becomes JSON gets the header that says so, unless there is one. */
function bodyOf(body, headers) {
  if (typeof body === 'string') return body.toWellFormed();
  if (body instanceof Uint8Array) return bytes(body);
  if (!isPlain(body) && !isArray(body)) {
    throw new Fault(
      `\`deliver.body\` has to be a text, a Uint8Array or a plain object or array, and is ${inspect(body)}`,
    );
  }
  if (!isTyped(headers)) headers.push('content-type', 'application/json');
  return json(body);
}

function isTyped(headers) {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at].toLowerCase() === 'content-type') return true;
  }
  return false;
}

function bytes(body) {
  try {
    body.at(0);
  } catch (error) {
    throw new Fault(`\`deliver.body\` is a Uint8Array that has lost its bytes: ${error.message}`);
  }
  return body;
}

function json(body) {
  try {
    return stringify(body, writable).toWellFormed();
  } catch (error) {
    if (error instanceof Fault || !(error instanceof TypeError)) throw error;
    throw new Fault(`\`deliver.body\` can't be written as JSON: ${error.message}`);
  }
}

/** Refuses what JSON would leave out or write as something else without a word. */
function writable(key, value) {
  // Nearly all values are texts.
  if (typeof value === 'string') return value;
  if (value === null && this[key] instanceof Date) throw new Fault(unwritable(key, 'Invalid Date'));
  if (!isLost(value)) return value;
  const lost = value instanceof Number ? Number(value) : value;
  const is = typeof lost === 'object' ? kindOf(lost) : inspect(lost);
  throw new Fault(`${unwritable(key, is)}${insteadOf(lost)}`);
}

function unwritable(key, is) {
  return `\`deliver.body\` has at \`${key}\` what JSON can't hold: ${is}`;
}

function insteadOf(value) {
  if (typeof value !== 'object') return '';
  if (value instanceof Promise) return '; is an `await` missing?';
  return isIterable(value) ? '; `[...it]` makes a list of it' : '; put what is meant into a plain object';
}

/**
 * By the kind of the value, never by what is in it: else the user's data would decide. `undefined` is
 * left out of objects and is `null` in lists, as everybody knows.
 */
function isLost(value) {
  switch (typeof value) {
    case 'number':
      return !Number.isFinite(value);
    case 'object':
      // Nearly all are plain, and to look for the others takes as long as the rest of a small answer.
      if (isPlain(value) || isArray(value)) return false;
      if (value instanceof Number) return !Number.isFinite(Number(value));
      return LOST.some((type) => value instanceof type) || isOpaque(value);
    default:
      return typeof value === 'function' || typeof value === 'symbol';
  }
}

function isIterable(value) {
  return typeof value[Symbol.iterator] === 'function';
}

function acceptStatusOf(statuses) {
  if (statuses === undefined) return [];
  if (!isArray(statuses))
    throw new Fault(`\`deliver.acceptStatus\` has to be a list of numbers, and is ${inspect(statuses)}`);
  const list = [];
  for (let at = 0; at < statuses.length; at += 1) {
    const status = statuses[at];
    if (!Number.isInteger(status) || status < 0 || status > 65535) {
      throw new Fault(`\`deliver.acceptStatus[${at}]\` has to be a status, and is ${inspect(status)}`);
    }
    list.push(status);
  }
  return list;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !isArray(value);
}

function isPlain(value) {
  return kindOf(value) === 'object';
}
