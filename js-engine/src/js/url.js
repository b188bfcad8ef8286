// `URL` and `URLSearchParams`.

import { urlFormDecode, urlFormEncode, urlParse, urlSet } from 'engine:native';

/** In the order of `parts` in `native/url.rs`. */
const PARTS = [
  'href',
  'origin',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
];

export class URLSearchParams {
  #pairs = [];
  #changed;

  constructor(from = '') {
    if (typeof from === 'object' && from !== null) {
      const pairs = typeof from[Symbol.iterator] === 'function' ? [...from] : Object.entries(from);
      for (const pair of pairs) {
        const [name, value, ...more] = pair;
        if (value === undefined || more.length > 0) throw new TypeError('a parameter is a name and a value');
        this.#pairs.push([String(name).toWellFormed(), String(value).toWellFormed()]);
      }
    } else {
      this.#read(String(from));
    }
  }

  /** The parameters of an address, which changes with them. */
  static of(search, changed) {
    const params = new URLSearchParams(search);
    params.#changed = changed;
    return params;
  }

  /** Takes what the address has now. */
  static update(params, search) {
    params.#read(search);
  }

  #read(text) {
    const flat = urlFormDecode((text.startsWith('?') ? text.slice(1) : text).toWellFormed());
    this.#pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []));
  }

  #write(pairs) {
    this.#pairs = pairs;
    this.#changed?.(this.toString());
  }

  get size() {
    return this.#pairs.length;
  }

  append(name, value) {
    this.#write([...this.#pairs, [String(name).toWellFormed(), String(value).toWellFormed()]]);
  }

  delete(name, value) {
    this.#write(
      this.#pairs.filter(
        (pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)),
      ),
    );
  }

  get(name) {
    return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null;
  }

  getAll(name) {
    return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]);
  }

  has(name, value) {
    return this.#pairs.some(
      (pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value)),
    );
  }

  set(name, value) {
    const at = this.#pairs.findIndex((pair) => pair[0] === String(name));
    if (at === -1) return this.append(name, value);
    const set = [this.#pairs[at][0], String(value).toWellFormed()];
    return this.#write(
      this.#pairs.flatMap((pair, other) => (other === at ? [set] : pair[0] === set[0] ? [] : [pair])),
    );
  }

  sort() {
    this.#write(this.#pairs.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
  }

  forEach(job, self) {
    for (const [name, value] of this.#pairs) job.call(self, value, name, this);
  }

  *keys() {
    for (const [name] of this.#pairs) yield name;
  }

  *values() {
    for (const [, value] of this.#pairs) yield value;
  }

  *entries() {
    for (const [name, value] of this.#pairs) yield [name, value];
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  toString() {
    return urlFormEncode(this.#pairs.flat());
  }
}

export class URL {
  #parts;
  #params;

  constructor(address, base) {
    const parts = urlParse(
      String(address).toWellFormed(),
      base === undefined ? undefined : String(base).toWellFormed(),
    );
    if (parts === undefined || parts === null) throw new TypeError(`Invalid URL: ${address}`);
    this.#parts = parts;
  }

  static canParse(address, base) {
    return URL.parse(address, base) !== null;
  }

  static parse(address, base) {
    try {
      return new URL(address, base);
    } catch {
      return null;
    }
  }

  static {
    PARTS.forEach((part, at) => {
      const get = function () {
        return this.#parts[at];
      };
      const set = function (value) {
        this.#parts =
          part === 'href'
            ? new URL(value).#parts
            : urlSet(this.#parts[0], part, String(value).toWellFormed());
        if (this.#params !== undefined)
          URLSearchParams.update(this.#params, this.#parts[PARTS.indexOf('search')]);
      };
      Object.defineProperty(URL.prototype, part, {
        get,
        set: part === 'origin' ? undefined : set,
        enumerable: true,
        configurable: true,
      });
    });
  }

  get searchParams() {
    this.#params ??= URLSearchParams.of(this.search, (search) => {
      this.#parts = urlSet(this.#parts[0], 'search', search);
    });
    return this.#params;
  }

  toString() {
    return this.href;
  }

  toJSON() {
    return this.href;
  }
}
