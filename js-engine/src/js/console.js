// `console`: lines on standard output and standard error, which the host keeps for the mapper's
// author.

import { inspect } from 'engine:inspect';
import { milliseconds, print } from 'engine:native';

function line(values) {
  const [first, ...rest] = values;
  const parts =
    typeof first === 'string' && first.includes('%') ? [...formatted(first, rest)] : values.map(shown);
  return parts.join(' ').toWellFormed();
}

/** No line of a log fails an event, whatever a getter or a proxy throws. */
function shown(value) {
  try {
    return typeof value === 'string' ? value : inspect(value);
  } catch {
    return "a value that can't be shown";
  }
}

/** The first text with the next values in place of its `%s` and the like; then the others. */
function formatted(text, values) {
  const rest = [...values];
  const replaced = text.replace(/%[sdifjoOc%]/g, (mark) => {
    if (mark === '%%') return '%';
    if (rest.length === 0) return mark;
    const value = rest.shift();
    try {
      return marked(mark, value);
    } catch {
      return shown(value);
    }
  });
  return [replaced, ...rest.map(shown)];
}

/** The value in the place of `mark`. */
function marked(mark, value) {
  switch (mark) {
    case '%d':
      return String(Number(value));
    case '%i':
      return String(Number.parseInt(value, 10));
    case '%f':
      return String(Number.parseFloat(value));
    case '%j':
      return JSON.stringify(value);
    case '%c':
      return '';
    case '%s':
      return shown(value);
    default:
      return inspect(value);
  }
}

const toStdout = (...values) => print(false, line(values));
const toStderr = (...values) => print(true, line(values));

/** When something began, by its name. */
const began = new Map();

function lasted(name = 'default', ...values) {
  if (began.has(name)) toStdout(`${name}: ${(milliseconds() - began.get(name)).toFixed(3)}ms`, ...values);
}

/** How often something was counted, by its name. */
const counts = new Map();

function count(name = 'default') {
  counts.set(name, (counts.get(name) ?? 0) + 1);
  toStdout(`${name}: ${counts.get(name)}`);
}

export const console = {
  count,
  countReset: (name = 'default') => void counts.delete(name),
  debug: toStdout,
  dir: (value) => toStdout('%o', value),
  dirxml: toStdout,
  error: toStderr,
  group: toStdout,
  groupCollapsed: toStdout,
  groupEnd() {},
  info: toStdout,
  log: toStdout,
  table: toStdout,
  time: (name = 'default') => began.set(name, milliseconds()),
  timeEnd: lasted,
  timeLog: lasted,
  trace: (...values) => toStderr('Trace:', ...values),
  warn: toStderr,
  assert(isTrue, ...values) {
    if (!isTrue) toStderr('Assertion failed:', ...values);
  },
};
