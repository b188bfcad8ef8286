// Does what the user's name asks for.

const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);

const attacks = {
  'loops': () => { for (;;); },
  'loops in a promise': async () => { for (;;) await undefined; },
  'recurses': () => { const again = () => again() + 1; return again(); },
  'recurses in promises': async () => { const again = async () => { await again(); }; await again(); },
  'recurses in a getter': () => { const one = { get a() { return this.a; } }; return one.a; },
  'allocates': () => { const all = []; for (;;) all.push(new Uint8Array(1024 * 1024).fill(1)); },
  'doubles a text': () => { let text = 'x'; for (;;) text += text; },
  'parses': () => JSON.parse(nested(50_000)),
  'parses within bounds': () => { JSON.stringify(JSON.parse(nested(3_000))); return { skip: 'done' }; },
  'matches': () => { /^(a+)+$/.test(`${'a'.repeat(40)}b`); return { skip: 'done' }; },
  'ticks for ever': () => new Promise(() => setInterval(() => {}, 1)),
  'sleeps': () => new Promise((done) => setTimeout(done, 60_000)),
  'pollutes': () => {
    Object.prototype.headers = { 'x-polluted': '1' };
    Array.prototype.toJSON = () => 'polluted';
    globalThis.TextEncoder = undefined;
    return { skip: 'done' };
  },
  'is honest': () => ({ deliver: { method: 'post', path: 'users/', body: { list: [1], encoded: [...new TextEncoder().encode('a')] } } }),
  'pollutes itself': () => {
    Object.prototype.headers = { 'x-polluted': '1' };
    Object.prototype.skip = 'polluted';
    return { deliver: { method: 'post', path: 'users/', body: 'text' } };
  },
  'returns a proxy': () => new Proxy({}, { ownKeys() { throw new Error('no keys'); }, get() { throw new Error('nothing'); }, has: () => true }),
  'throws a proxy': () => { throw new Proxy({}, { get() { throw new Error('nothing'); }, ownKeys() { throw new Error('no keys'); } }); },
  'throws nothing': () => { throw undefined; },
  'asks the engine': async () => { const native = 'engine:native'; await import(native); },
  'asks the engine by eval': async () => { await (0, eval)("import('engine:native')"); },
  'asks the engine by a function': async () => { await new Function("return import('engine:native')")(); },
};

export const mapper = {
  transform(event) {
    return attacks[event.userName]();
  },
};
