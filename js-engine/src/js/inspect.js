// Values as messages show them.

import { hintFor } from 'engine:absent';
import { stackOf } from 'engine:errors';

/** As deep is a value shown, and as many parts of it. */
const DEPTH = 3;
const PARTS = 100;
const LENGTH = 10_000;

const { getPrototypeOf, prototype: PLAIN } = Object;
const { isArray } = Array;

/** `object` for plain ones, else the name of what made it. */
export function kindOf(value) {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (isArray(value)) return 'array';
  const prototype = getPrototypeOf(value);
  if (prototype === null || prototype === PLAIN) return 'object';
  return prototype.constructor?.name || value[Symbol.toStringTag] || 'object without a name';
}

/** The value as one would write it. */
export function inspect(value) {
  return shown(value, DEPTH, new Set());
}

function shown(value, depth, within) {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return value.name === '' ? 'a function' : `the function ${value.name}`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'object':
      return value === null ? 'null' : object(value, depth, within);
    default:
      return String(value);
  }
}

function quoted(text) {
  const cut = text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
  return cut.includes("'")
    ? JSON.stringify(cut)
    : `'${JSON.stringify(cut).slice(1, -1).replaceAll('\\"', '"')}'`;
}

function object(value, depth, within) {
  if (value instanceof Error) return error(value, depth, within);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (within.has(value)) return 'itself';
  const kind = kindOf(value);
  if (depth === 0) return kind === 'array' ? '[…]' : kind === 'object' ? '{…}' : `a ${kind}`;
  within.add(value);
  const inner = (part) => shown(part, depth - 1, within);
  let text;
  if (kind === 'array') text = list('[', value.map(inner), ']');
  else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    text = list(`${kind}(${value.length}) [`, Array.from(value.subarray(0, PARTS + 1), inner), ']');
  } else if (value instanceof Map) {
    text = list(
      `Map(${value.size}) {`,
      [...value].map(([key, item]) => `${inner(key)} => ${inner(item)}`),
      '}',
    );
  } else if (value instanceof Set) text = list(`Set(${value.size}) {`, [...value].map(inner), '}');
  else {
    const fields = Object.keys(value).map(
      (key) => `${/^[\w$]+$/.test(key) ? key : quoted(key)}: ${inner(value[key])}`,
    );
    const name = kind === 'object' ? '' : `${kind} `;
    text = list(`${name}{`, fields, '}');
  }
  within.delete(value);
  return text;
}

/** An error with those that it is made of, or comes from. */
function error(value, depth, within) {
  const lines = [`${value.name}: ${value.message}${hintFor(value)}`, stackOf(value)];
  if (depth > 0 && !within.has(value)) {
    within.add(value);
    for (const [name, part] of partsOf(value)) lines.push(`${name}: ${shown(part, depth - 1, within)}`);
    within.delete(value);
  }
  return lines.filter((line) => line !== '').join('\n');
}

/** Other errors in an error, and what they are to it. */
function partsOf(error) {
  const parts = [];
  if (error instanceof AggregateError && Array.isArray(error.errors)) {
    error.errors.slice(0, PARTS).forEach((part, at) => parts.push([`errors[${at}]`, part]));
    if (error.errors.length > PARTS) parts.push(['errors', `… ${error.errors.length - PARTS} more`]);
  }
  if (error instanceof SuppressedError) parts.push(['error', error.error], ['suppressed', error.suppressed]);
  if (error.cause !== undefined) parts.push(['caused by', error.cause]);
  return parts;
}

function list(open, parts, close) {
  if (parts.length === 0) return `${open}${close}`;
  const more = parts.length > PARTS ? [`… ${parts.length - PARTS} more`] : [];
  const space = open.endsWith('{') ? ' ' : '';
  return `${open}${space}${[...parts.slice(0, PARTS), ...more].join(', ')}${space}${close}`;
}
