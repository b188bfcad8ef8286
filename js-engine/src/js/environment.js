// The variables that the operator has set for the mapper: `process.env`, and
// `wasi:cli/environment`. They are read for each event, so not while the mapper is built.

import { variables } from 'engine:native';

/** What packages ask for outside of functions, only to see whether they run in a test. */
const ASKED_EARLY = ['NODE_ENV', 'DEBUG'];

let building = true;
/** All variables by name, once they are read. */
const known = Object.create(null);
let isRead = false;

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

/** The variables by name, read without iterators, which take several times as long. */
function environment() {
  if (!isRead) {
    notWhileBuilding('variables');
    const flat = variables();
    for (let at = 0; at < flat.length; at += 2) known[flat[at]] = flat[at + 1];
    isRead = true;
  }
  return known;
}

/** All variables, as pairs. */
export function getEnvironment() {
  return Object.entries(environment());
}

/** Those by name, if the one called `name` may be asked for now. */
function asked(name) {
  if (building) notWhileBuilding(`variables such as \`process.env.${String(name)}\``);
  return environment();
}

const isAskedEarly = (name) => building && (typeof name === 'symbol' || ASKED_EARLY.includes(name));

/** What a mapper may keep outside of functions. There it refuses to be read; in functions it has the variables. */
const early = new Proxy(known, {
  get: (_, name) => (isAskedEarly(name) ? undefined : asked(name)[name]),
  has: (_, name) => name in asked(name),
  getOwnPropertyDescriptor: (_, name) =>
    isAskedEarly(name) ? undefined : Reflect.getOwnPropertyDescriptor(asked(name), name),
  ownKeys: () => Reflect.ownKeys(environment()),
});

function absent(name, instead) {
  return () => {
    throw new Error(`there is no \`process.${name}\`: ${instead}`);
  };
}

export const process = {
  // In functions it needs no proxy, which would take longer.
  get env() {
    return building ? early : environment();
  },
  nextTick: (job, ...values) => queueMicrotask(() => job(...values)),
  exit: absent('exit', "return `{ skip: 'code' }`, or throw `{ code, message }`"),
  abort: absent('abort', 'throw `{ code, message }`'),
  cwd: absent('cwd', 'a mapper has no files'),
  hrtime: absent('hrtime', 'use `performance.now()`'),
  on: absent('on', 'a mapper lives for one event'),
};
