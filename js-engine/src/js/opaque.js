// Kinds of objects whose contents nobody can read: neither JSON nor a clone has them.

import { CryptoKey } from 'engine:crypto';
import { TextDecoder, TextEncoder } from 'engine:text';
import { URLSearchParams } from 'engine:url';

const OPAQUE = [
  CryptoKey,
  FinalizationRegistry,
  Iterator,
  Promise,
  SharedArrayBuffer,
  Symbol,
  TextDecoder,
  TextEncoder,
  URLSearchParams,
  WeakMap,
  WeakRef,
  WeakSet,
];
const { isPrototypeOf } = Object.prototype;
const ASYNC_GENERATOR = Object.getPrototypeOf(async function* () {}).prototype;

export function isOpaque(object) {
  return OPAQUE.some((type) => object instanceof type) || isPrototypeOf.call(ASYNC_GENERATOR, object);
}
