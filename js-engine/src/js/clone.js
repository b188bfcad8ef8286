// `structuredClone`.

import { kindOf } from 'engine:inspect';
import { isOpaque } from 'engine:opaque';
import { URL } from 'engine:url';

/** Objects of the values that copies share. */
const BOXES = [BigInt, Boolean, Number, String];

/** A deep copy of `value`, which may refer to itself. */
export function structuredClone(value) {
  return copy(value, new Map());
}

function copy(value, copies) {
  if (typeof value === 'function' || typeof value === 'symbol') throw uncloneable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  const keep = (made) => {
    copies.set(value, made);
    return made;
  };
  if (BOXES.some((type) => value instanceof type)) return keep(Object(value.valueOf()));
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const buffer = copy(value.buffer, copies);
    return keep(
      new value.constructor(
        buffer,
        value.byteOffset,
        value instanceof DataView ? value.byteLength : value.length,
      ),
    );
  }
  if (value instanceof Map) {
    const made = keep(new Map());
    for (const [key, item] of [...value]) made.set(copy(key, copies), copy(item, copies));
    return made;
  }
  if (value instanceof Set) {
    const made = keep(new Set());
    for (const item of [...value]) made.add(copy(item, copies));
    return made;
  }
  if (value instanceof Error) return keep(error(value, copies));
  if (value instanceof URL || isOpaque(value)) throw uncloneable(value);
  const made = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const key of Object.keys(value)) {
    // Defined, because `__proto__` is a name like any other here.
    Object.defineProperty(made, key, {
      value: copy(value[key], copies),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return made;
}

function error(value, copies) {
  const types = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const Type = Object.hasOwn(types, value.name) ? types[value.name] : Error;
  const made = new Type(value.message);
  Object.defineProperty(made, 'stack', { value: value.stack, writable: true, configurable: true });
  if (Object.hasOwn(value, 'cause'))
    Object.defineProperty(made, 'cause', {
      value: copy(value.cause, copies),
      writable: true,
      configurable: true,
    });
  return made;
}

function uncloneable(value) {
  const is = typeof value === 'object' ? kindOf(value) : String(value);
  return new DOMException(`${is} can't be cloned`, 'DataCloneError');
}
