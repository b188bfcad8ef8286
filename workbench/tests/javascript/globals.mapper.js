// Tries what a mapper has besides the language, by the user's name.

import { getEnvironment } from 'wasi:cli/environment@0.2.0';

const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => new Uint8Array(buffer).toHex();
const { env } = process;
const early = { random: Math.random(), now: Date.now(), since: performance.now() };

const tries = {
  text: () => ({
    bytes: [...bytes('aé€😀\ud800')],
    text: new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82, 0xac])),
    view: new TextDecoder().decode(new DataView(bytes('xabc').buffer, 1, 2)),
    into: new TextEncoder().encodeInto('a€', new Uint8Array(3)),
    fatal: told(() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))),
    base64: [btoa('abc'), atob('YWJj')],
  }),
  url: () => {
    const url = new URL('../b?x=1&x=2&y=%20#f', 'https://ada:pass@exämple.org:8443/a/c');
    const before = url.href;
    url.searchParams.append('z', 'ü');
    url.hash = '';
    url.port = '443';
    const form = new URLSearchParams({ a: '1 2', b: 'ü&' });
    form.set('a', '3');
    form.delete('c');
    return {
      before, after: url.href, host: url.host, origin: url.origin, search: url.search, user: url.username,
      all: url.searchParams.getAll('x'), form: form.toString(), size: form.size, pairs: [...form],
      wrong: told(() => new URL('users')), can: URL.canParse('users', 'https://example.org'), json: JSON.stringify(url),
    };
  },
  crypto: async () => {
    const key = (hash) => crypto.subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash }, true, ['sign', 'verify']);
    const signed = {};
    for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
      signed[hash] = hex(await crypto.subtle.sign('HMAC', await key(hash), bytes('The quick brown fox jumps over the lazy dog')));
    }
    const signature = await crypto.subtle.sign('HMAC', await key('SHA-256'), bytes('a'));
    return {
      digest: hex(await crypto.subtle.digest('SHA-256', bytes('abc'))),
      digest1: hex(await crypto.subtle.digest({ name: 'sha-1' }, bytes('abc').buffer)),
      signed,
      verified: await crypto.subtle.verify('HMAC', await key('SHA-256'), signature, bytes('a')),
      forged: await crypto.subtle.verify('HMAC', await key('SHA-256'), signature, bytes('b')),
      uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
      tooMany: told(() => crypto.getRandomValues(new Uint8Array(65_537))),
      most: crypto.getRandomValues(new Uint32Array(16_384)).length,
    };
  },
  clone: () => {
    const one = { at: new Date(0), map: new Map([['a', new Set([1])]]), bytes: new Uint8Array([1, 2]), list: [1, , 3] };
    one.self = one;
    Object.defineProperty(one, '__proto__', { value: 'a name', enumerable: true });
    const other = structuredClone(one);
    return {
      isOther: other !== one && other.map !== one.map && other.bytes.buffer !== one.bytes.buffer,
      isItself: other.self === other,
      at: other.at, inner: other.map.get('a').has(1), bytes: [...other.bytes], name: Object.entries(other).at(-1),
      boxes: [1n, 'a', true].map((value) => structuredClone(Object(value)).valueOf() === value),
      refused: [
        () => 1, Symbol('a'), Object(Symbol('a')), new URL('https://a.b'), new URLSearchParams('a=1'), new TextEncoder(),
        new TextDecoder(), new CryptoKey(), [1].values(), new Map().keys(), (function* () {})(), (async function* () {})(),
        Promise.resolve(1), new WeakMap(), new FinalizationRegistry(() => {}),
      ].map((value) => told(() => structuredClone({ value }))),
    };
  },
  timers: async () => {
    const order = [];
    const after = (delay, name) => new Promise((done) => setTimeout((word) => { order.push(word); done(); }, delay, name));
    const started = performance.now();
    const cleared = setTimeout(() => order.push('never'), 1);
    clearTimeout(cleared);
    queueMicrotask(() => order.push('microtask'));
    process.nextTick((word) => order.push(word), 'tick');
    let count = 0;
    await new Promise((done) => {
      const timer = setInterval(() => { count += 1; if (count === 3) { clearInterval(timer); done(); } }, 1);
    });
    await Promise.all([after(6, 'third'), after(3, 'second'), after(1, 'first')]);
    return { order, count, waited: performance.now() - started >= 6 };
  },
  environment: () => ({
    list: getEnvironment(), path: process.env.USERS_PATH, other: process.env.OTHER ?? 'none', proto: process.env.__proto__ ?? 'none',
    has: 'toString' in process.env, keys: Object.keys(process.env),
    kept: {
      path: env.USERS_PATH, other: env.OTHER ?? 'none', proto: env.__proto__ ?? 'none', has: ['USERS_PATH' in env, 'toString' in env],
      own: [Object.hasOwn(env, 'USERS_PATH'), Object.hasOwn(env, 'OTHER')], copy: { ...env },
    },
  }),
  event: (event) => ({
    attributes: Object.entries(event.attributes), metadata: event.metadata.campaign, first: event.userAttributes[0],
    copied: [{ ...event }, structuredClone(event), Object.assign({}, event)].map((copy) => copy.attributes.email),
    assigned: (event.metadata = { ...event.metadata, a: 1 }) && event.metadata.a,
    inherited: event.attributes.toString ?? 'none', source: event.triggerSource, client: event.clientId, name: event.userName,
  }),
  frozen: (event) => ({
    email: Object.freeze(event).attributes.email, copied: { ...event }.metadata.campaign,
    changed: told(() => { event.attributes.email = 'a'; }), added: told(() => { event.attributes.a = 1; }),
  }),
  random: () => ({
    random: Math.random(), uuid: crypto.randomUUID(), bytes: [...crypto.getRandomValues(new Uint8Array(8))], now: Date.now(),
    early, origin: performance.timeOrigin, since: performance.now(), kept: (globalThis.kept = (globalThis.kept ?? 0) + 1),
  }),
  language: () => ({
    sets: [...new Set([1, 2]).union(new Set([3]))], groups: Object.groupBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even')),
    normal: 'e\u0301'.normalize('NFC').length, letters: 'aé1'.match(/\p{L}/gu), base64: new Uint8Array([1]).toBase64(),
    iterator: Iterator.from([1, 2, 3]).map((n) => n * 2).toArray(), v: /[\p{L}--[a-z]]/v.test('a'),
  }),
  absent: () => [typeof Buffer, typeof module, typeof window, typeof Intl, typeof fetch, typeof process.versions],
};

function told(job) {
  try {
    job();
    return 'nothing';
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

export const mapper = {
  async transform(event) {
    return { deliver: { method: 'POST', path: 'users/', body: await tries[event.userName](event) } };
  },
};
