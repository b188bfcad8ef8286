// Values as messages show them.

import { stackOf } from 'engine:errors';

/** As deep is a value shown, and as many parts of it. */
const DEPTH = 3;
const PARTS = 100;
const LENGTH = 10_000;

/** `object` for plain ones, else the name of what made it. */
export function kindOf(value) {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (Array.isArray(value)) return 'array';
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'object';
  return prototype.constructor?.name || 'object without a name';
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
  if (value instanceof Error) return `${value.name}: ${value.message}\n${stackOf(value)}`;
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

function list(open, parts, close) {
  if (parts.length === 0) return `${open}${close}`;
  const more = parts.length > PARTS ? [`… ${parts.length - PARTS} more`] : [];
  const space = open.endsWith('{') ? ' ' : '';
  return `${open}${space}${[...parts.slice(0, PARTS), ...more].join(', ')}${space}${close}`;
}
