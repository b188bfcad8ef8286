// `TextEncoder` and `TextDecoder`, for UTF-8.

import { decode, encode } from 'engine:native';

export class TextEncoder {
  get encoding() {
    return 'utf-8';
  }

  encode(text = '') {
    return encode(String(text).toWellFormed());
  }

  encodeInto(text, into) {
    let [read, written] = [0, 0];
    for (const character of String(text)) {
      const bytes = this.encode(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

export class TextDecoder {
  #fatal;
  #ignoreBOM;

  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    if (!/^(unicode-1-1-)?utf-?8$/i.test(String(label).trim())) {
      throw new RangeError(`\`TextDecoder\` reads UTF-8 alone, and not ${label}`);
    }
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
  }

  get encoding() {
    return 'utf-8';
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(bytes = new Uint8Array(), { stream = false } = {}) {
    if (stream) throw new TypeError('`TextDecoder` decodes all of a text at once, and has no `stream`');
    const text = decode(bytesOf(bytes), this.#fatal);
    return !this.#ignoreBOM && text.startsWith('\ufeff') ? text.slice(1) : text;
  }
}

/** The bytes of a buffer, or of a view of one. */
export function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError('bytes are taken as an ArrayBuffer or a view of one');
}
