// Timers. They run while the mapper waits for a promise, and end with its event.

import { notWhileBuilding } from 'engine:environment';
import { milliseconds } from 'engine:native';

/** The longest time of a timer, as elsewhere: far longer than an event takes. */
const LONGEST = 2 ** 31 - 1;
/** In the order in which they are due. */
const timers = [];
let last = 0;

function start(job, delay, values, isRepeated) {
  if (typeof job !== 'function') throw new TypeError('a timer takes a function');
  notWhileBuilding('timers');
  const every = Math.min(LONGEST, Math.max(1, Number(delay) || 0));
  last += 1;
  add({ id: last, job, values, every: isRepeated ? every : undefined, due: milliseconds() + every });
  return last;
}

function add(timer) {
  const at = timers.findIndex(({ due }) => due > timer.due);
  timers.splice(at === -1 ? timers.length : at, 0, timer);
}

function clear(id) {
  const at = timers.findIndex((timer) => timer.id === id);
  if (at !== -1) timers.splice(at, 1);
}

export const setTimeout = (job, delay, ...values) => start(job, delay, values, false);
export const setInterval = (job, delay, ...values) => start(job, delay, values, true);
export const clearTimeout = clear;
export const clearInterval = clear;

/** In how many milliseconds the next one is due, if there is one. */
export function untilNext() {
  return timers.length === 0 ? undefined : Math.max(0, timers[0].due - milliseconds());
}

/** Runs the first one that is due. */
export function fire() {
  if (timers.length === 0 || timers[0].due > milliseconds()) return;
  const timer = timers.shift();
  if (timer.every !== undefined) add({ ...timer, due: timer.due + timer.every });
  timer.job(...timer.values);
}
