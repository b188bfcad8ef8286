// The variables that the operator has set for the mapper: `process.env`, and
// `wasi:cli/environment`. They are read for each event, so not while the mapper is built.

import { variables } from 'engine:native';

/** What packages ask for outside of functions, only to see whether they run in a test. */
const ASKED_EARLY = ['NODE_ENV', 'DEBUG'];

let building = true;
let known;

/** From now on there are variables. */
export function stopBuilding() {
  building = false;
}

/** Refuses what is different in each event while the mapper is built. */
export function notWhileBuilding(what) {
  if (building) {
    const reason = 'what is outside of them runs once, if the mapper is built, and not for each event';
    throw new Error(`${what} belong into functions: ${reason}`);
  }
}

/** All variables, as pairs. */
export function getEnvironment() {
  notWhileBuilding('variables');
  const flat = variables();
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []));
}

function environment() {
  if (building) {
    const refuse = (name) => notWhileBuilding(`variables such as \`process.env.${String(name)}\``);
    return new Proxy(
      {},
      {
        get: (_, name) => (typeof name === 'symbol' || ASKED_EARLY.includes(name) ? undefined : refuse(name)),
        has: (_, name) => refuse(name),
        ownKeys: () => notWhileBuilding('variables'),
      },
    );
  }
  if (known === undefined) {
    known = Object.create(null);
    for (const [name, value] of getEnvironment()) known[name] = value;
  }
  return known;
}

function absent(name, instead) {
  return () => {
    throw new Error(`there is no \`process.${name}\`: ${instead}`);
  };
}

export const process = {
  get env() {
    return environment();
  },
  nextTick: (job, ...values) => queueMicrotask(() => job(...values)),
  exit: absent('exit', "return `{ skip: 'code' }`, or throw `{ code, message }`"),
  abort: absent('abort', 'throw `{ code, message }`'),
  cwd: absent('cwd', 'a mapper has no files'),
  hrtime: absent('hrtime', 'use `performance.now()`'),
  on: absent('on', 'a mapper lives for one event'),
};
