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

function shown(value) {
  return typeof value === 'string' ? value : inspect(value);
}

/** The first text with the next values in place of its `%s` and the like; then the others. */
function formatted(text, values) {
  const rest = [...values];
  const replaced = text.replace(/%[sdifjoOc%]/g, (mark) => {
    if (mark === '%%') return '%';
    if (rest.length === 0) return mark;
    const value = rest.shift();
    switch (mark) {
      case '%s':
        return shown(value);
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
      default:
        return inspect(value);
    }
  });
  return [replaced, ...rest.map(shown)];
}

const toStdout = (...values) => print(false, line(values));
const toStderr = (...values) => print(true, line(values));

/** When something began, by its name. */
const began = new Map();

function lasted(name = 'default', ...values) {
  if (began.has(name)) toStdout(`${name}: ${(milliseconds() - began.get(name)).toFixed(3)}ms`, ...values);
}

export const console = {
  debug: toStdout,
  dir: (value) => toStdout(inspect(value)),
  error: toStderr,
  group: toStdout,
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
