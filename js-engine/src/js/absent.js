// What Node.js or a browser has and a mapper has not: a sentence for each says what to do instead.

const HOST_SENDS =
  'the host sends the request that `transform` returns as `{ deliver: { method, path, body } }`, and does what ' +
  '`conclude` returns';
const ESM = 'write `import`; a package that needs `require` has to be bundled by esbuild';
const NO_FILES = 'a mapper has no files';
const PAGE = 'a mapper is no page';
const FORMAT = 'format values by hand, or with a package';

const ABSENT = {
  Buffer: '`TextEncoder`, `TextDecoder`, `btoa`, `atob`, `Uint8Array.fromBase64` and `toHex` do its work',
  XMLHttpRequest: HOST_SENDS,
  WebSocket: HOST_SENDS,
  EventSource: HOST_SENDS,
  Request: HOST_SENDS,
  Response: HOST_SENDS,
  Headers: '`headers` is an object or a list of `{ name, value }`',
  FormData: '`URLSearchParams` makes a form; its `toString()` is a body',
  Blob: 'a body is a text, a Uint8Array or a plain object',
  File: NO_FILES,
  ReadableStream: 'a body is a text, a Uint8Array or a plain object',
  AbortController: 'nothing here waits for anything',
  Intl: FORMAT,
  Temporal: '`Date` is there',
  WebAssembly: 'the mapper is WebAssembly itself',
  Worker: 'a mapper runs alone',
  setImmediate: 'use `setTimeout`',
  module: 'write `export`',
  exports: 'write `export`',
  __dirname: NO_FILES,
  __filename: NO_FILES,
  global: 'write `globalThis`',
  window: PAGE,
  document: PAGE,
  navigator: PAGE,
  localStorage: 'nothing is kept from one event to the next',
  sessionStorage: 'nothing is kept from one event to the next',
  Deno: 'a mapper runs on QuickJS',
  Bun: 'a mapper runs on QuickJS',
};

/**
 * Those that are called by name, so that a call can say it. The others are asked for by packages
 * that do without.
 */
const CALLED = { fetch: HOST_SENDS, require: ESM, importScripts: ESM, alert: 'use `console.log`' };

/** Puts functions in place that say what to do instead. */
export function installAbsent() {
  for (const [name, instead] of Object.entries(CALLED)) {
    const value = {
      [name]() {
        throw new Error(`there is no \`${name}\`: ${instead}`);
      },
    }[name];
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}

/** What is read of the event that a handler in Node.js gets, and of `request` and `callerContext` in it. */
const OF_HANDLERS = /\b(userAttributes|clientMetadata|clientId)\b.* of undefined/;
/** What is said if the engine takes something apart that is not there: it names nothing of it. */
const TAKEN_APART = 'Cannot convert undefined or null to object';
const EVENT_HAS =
  'the event of a mapper has no `request` and no `callerContext`, but `attributes` and `metadata` by name, and ' +
  '`clientId`; its type `Event` is in `post-confirmation.d.ts`';

/** What is said if JSON is made of a bigint. */
const BIGINT = /bigint/i;
const BIGINT_IS = 'an integer beyond 2^53 is a bigint in what `answer.json()` gives: write `String(id)`';

/** What to do instead of what a type does not allow. Which value it is of, the engine does not say. */
function hintForType(message) {
  if (OF_HANDLERS.test(message) || message === TAKEN_APART) return `; if it is of the event: ${EVENT_HAS}`;
  return BIGINT.test(message) ? `; ${BIGINT_IS}` : '';
}

/** What to do instead of what an error says is not there. */
export function hintFor(error) {
  if (error instanceof TypeError) return hintForType(error.message);
  if (!(error instanceof ReferenceError)) return '';
  const [, name] = /^'?([\w$]+)'? is not defined$/.exec(error.message) ?? [];
  return name !== undefined && Object.hasOwn(ABSENT, name)
    ? `: there is no \`${name}\`: ${ABSENT[name]}`
    : '';
}
