// What was thrown, in words for the mapper's author: text, file, line and stack as they are in the
// author's source.

import { inspect } from 'engine:inspect';
import { decode, encode } from 'engine:native';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What is wrong with what a mapper exports or returns: its words say all of it. */
export class Fault extends Error {}

/**
 * For each file of TypeScript where its parts are: four numbers each, the line and column here and
 * there.
 */
const places = new Map();

/** For each file with other than ASCII its lines that have it, each at its own place. */
const wide = new Map();

/** Learns where the parts of `file` are in its source, from the `mappings` of a source map, and its `lines`. */
export function learn(file, mappings, lines) {
  if (mappings !== '') places.set(file, parts(mappings));
  if (lines.length > 0) wide.set(file, lines);
}

function parts(mappings) {
  const found = [];
  let [there, column] = [0, 0];
  mappings.split(';').forEach((line, here) => {
    let at = 0;
    for (const segment of line.split(',')) {
      const [toHere, , toLine, toColumn] = numbers(segment);
      if (toHere === undefined) continue;
      at += toHere;
      if (toLine === undefined) continue;
      there += toLine;
      column += toColumn;
      found.push(here + 1, at + 1, there + 1, column + 1);
    }
  });
  return Int32Array.from(found);
}

/**
 * The numbers of a segment, as source maps write them: five bits a digit, with another bit if there
 * is more.
 */
function numbers(segment) {
  const found = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits >= 32) continue;
    found.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return found;
}

/** The column as editors count it, in UTF-16. The engine counts the bytes of UTF-8. */
function inUtf16(file, line, column) {
  const text = wide.get(file)?.[line - 1];
  return text === undefined ? column : decode(encode(text).subarray(0, column - 1), false).length + 1;
}

/** `file:line:column` of the author's source, by what the engine says. */
function place(file, line, bytes) {
  const column = inUtf16(file, line, bytes);
  const table = places.get(file);
  if (table === undefined) return `${file}:${line}:${column}`;
  let [low, high] = [0, table.length / 4];
  while (low < high) {
    const middle = (low + high) >> 1;
    const isAfter =
      table[middle * 4] > line || (table[middle * 4] === line && table[middle * 4 + 1] > column);
    if (isAfter) high = middle;
    else low = middle + 1;
  }
  const at = Math.max(low - 1, 0) * 4;
  return `${file}:${table[at + 2]}:${table[at + 3]}`;
}

/** Where a function is. One that is bound does not say, but `file` has it. */
export function placeOf(of, file) {
  return of.fileName === undefined ? file : place(of.fileName, of.lineNumber, of.columnNumber);
}

/** The calls on the way to the error, without those within the engine. */
export function stackOf(error) {
  const lines = String(error.stack ?? '').split('\n');
  const shown = lines.filter(
    (line) => line.trim() !== '' && !/\bengine:/.test(line) && !line.endsWith('(native)'),
  );
  return shown
    .map((line) =>
      line.replace(
        /^(\s*at (?:.* \()?)(.+):(\d+):(\d+)(\)?)$/s,
        (_, before, file, at, column, after) => `${before}${place(file, Number(at), Number(column))}${after}`,
      ),
    )
    .join('\n');
}

/**
 * What was thrown, and what caused it.
 * @param {unknown} thrown
 * @param {string} [named] the function that threw it, for what does not tell where it is from; outside of
 * functions there is none
 * @param {string} [wrong] what keeps it from being the `{ code, message }` that it looks like
 */
export function describe(thrown, named, wrong) {
  try {
    return words(thrown, named, wrong).toWellFormed();
  } catch {
    return "something was thrown that can't be put into words";
  }
}

function words(thrown, named, wrong) {
  if (thrown instanceof Fault) return thrown.message;
  if (thrown instanceof Error) return inspect(thrown);
  if (named === undefined) return `the mapper threw outside of functions: ${inspect(thrown)}`;
  if (wrong !== undefined) return `${named} threw ${inspect(thrown)}: ${wrong}`;
  return `${named} threw what is no error and no \`{ code, message }\`: ${inspect(thrown)}`;
}
