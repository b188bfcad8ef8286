// Makes the mistake that the user's name asks for.

const right = { method: 'post', path: 'users/', body: 'text' };
const deliver = (other) => ({ deliver: { ...right, ...other } });

const mistakes = {
  'returns nothing': () => undefined,
  'returns a text': () => 'users/',
  'returns both': () => ({ deliver: right, skip: 'no' }),
  'misspells deliver': () => ({ delivr: right }),
  'misspells tag': () => ({ tag: 'delivered', val: right }),
  'misspells val': () => ({ tag: 'deliver', value: right }),
  'skips for a sentence': () => ({ skip: 'Not for us' }),
  'skips for no reason': () => ({ skip: undefined }),
  'delivers a text': () => ({ deliver: 'users/' }),
  'deletes': () => deliver({ method: 'DELETE' }),
  'has no path': () => ({ deliver: { method: 'post', body: '' } }),
  'has an address': () => deliver({ path: new URL('https://example.org/users') }),
  'misspells acceptStatus': () => deliver({ acceptStatuses: [409] }),
  'misspells acceptStatus by a letter': () => deliver({ acceptStatsu: [409] }),
  'writes accept-status': () => deliver({ 'accept-status': [409] }),
  'accepts a number': () => deliver({ acceptStatus: 409 }),
  'accepts a text': () => deliver({ acceptStatus: [409, '404'] }),
  'has headers of Headers': () => deliver({ headers: new Map([['x-a', '1']]) }),
  'has a header of a number': () => deliver({ headers: { 'x-count': 5 } }),
  'has a header without value': () => deliver({ headers: [{ name: 'x-a', valu: '1' }] }),
  'has a header of a pair': () => deliver({ headers: [['x-a', '1']] }),
  'has no body': () => deliver({ body: undefined }),
  'has a body of a number': () => deliver({ body: 42 }),
  'has a body of a map': () => deliver({ body: new Map() }),
  'has a body with a promise': () => deliver({ body: { user: { id: Promise.resolve(1) } } }),
  'has a body with a set': () => deliver({ body: { groups: new Set(['a']) } }),
  'has a body with NaN': () => deliver({ body: { age: Number('x') } }),
  'has a body with a bigint': () => deliver({ body: { id: 1n } }),
  'throws a text': () => { throw 'no user'; },
  'throws what is nearly an error': () => { throw { code: 'no-user', mesage: 'it is missing' }; },
  'throws a code that is none': () => { throw { code: 'NO_USER', message: 'it is missing' }; },
  'throws an error': () => { throw new Error('no user', { cause: 'a reason' }); },
  'throws its own error': () => { throw Object.assign(new Error('it is missing'), { code: 'no-user' }); },
  'reads of undefined': () => undefined.name,
  'rejects': async () => { throw new RangeError('too many'); },
  'rejects unheard': () => { (async () => { throw new Error('unheard'); })(); return { skip: 'done' }; },
  'waits for ever': () => new Promise(() => {}),
  'returns a mistake later': async () => deliver({ body: 42 }),
  'has no body at all': () => deliver({ body: null }),
  'has null for headers': () => deliver({ headers: null }),
  'waits too long': () => { setTimeout(() => {}, Infinity); throw new Error('never'); },
  'exits': () => process.exit(1),
  'requires': () => require('fs'),
  'fetches': () => fetch('https://example.org'),
  'uses Buffer': () => Buffer.from('text'),
  'uses a name of nothing': () => bufffer,
  'uses a key to sign with AES': () => crypto.subtle.encrypt('AES', null, new Uint8Array()),
  'decodes another encoding': () => new TextDecoder('latin1'),
  'recurses': () => { const again = () => again() + 1; return again(); },
  'has a body with an error': () => deliver({ body: { reason: new RangeError('no') } }),
  'has a body with a symbol': () => deliver({ body: { kind: Symbol('pro') } }),
  'has a body with a generator': () => deliver({ body: { groups: generated() } }),
  'has a body with an async generator': () => deliver({ body: { groups: (async function* () {})() } }),
  'has a body with an iterator': () => deliver({ body: { names: new Map([['a', 1]]).keys() } }),
  'has a body with parameters': () => deliver({ body: { query: new URLSearchParams('a=1') } }),
  'has a body with a view': () => deliver({ body: { data: new DataView(new ArrayBuffer(1)) } }),
  'holds instances': () => deliver({ body: { opt: new Hidden(), made: Object.create({}), date: new Date(0) } }),
  'holds nothing in places': () => deliver({ body: { names: ['a', undefined, , 'b'], left: undefined } }),
  'has a body with no date': () => deliver({ body: { born: new Date('unknown') } }),
  "gives the body's bytes away": () => {
    const body = new Uint8Array(3);
    body.buffer.transfer();
    return deliver({ body });
  },
  "takes the body's bytes back": () => {
    const body = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }), 4, 4);
    body.buffer.resize(2);
    return deliver({ body });
  },
  'accepts a hole': () => deliver({ acceptStatus: [, 409] }),
  'throws many errors': () => { throw new AggregateError([new Error('first'), 'second'], 'all failed'); },
  'fails with all': () => Promise.any([Promise.reject(1), Promise.reject(new TypeError('second'))]),
  'throws a cause of a cause': () => {
    let first;
    try { Buffer.from(''); } catch (error) { first = error; }
    throw new Error('last', { cause: new Error('between', { cause: first }) });
  },
  'throws itself': () => { const error = new Error('again'); error.cause = error; throw error; },
  'imports by a name that it makes': async (name) => import(`./lib/${name}.js`),
  'imports by a text and more': async () => import('./a' + '.js'),
  'has a body with bytes': () => deliver({ body: [new Uint8Array(2)] }),
  'throws a code alone': () => { throw { code: 'no-sub' }; },
  'throws a message alone': () => { throw { message: 'no sub' }; },
  'throws two faults': () => { throw { code: 'NoSub', message: undefined }; },
  'throws what it does not show': () => { throw new Proxy({ code: 'a' }, { ownKeys: () => { throw 1; } }); },
  'reads the event of a handler': (name, event) => event.request.userAttributes.email,
  'reads the metadata of a handler': (name, event) => event.request.clientMetadata?.campaign,
  'reads the caller of a handler': (name, event) => event.callerContext.clientId,
  'takes the event of a handler apart': (name, event) => {
    const { userAttributes } = event.request;
    return userAttributes;
  },
  'has a body with a box of NaN': () => deliver({ body: { age: new Number('x') } }),
  'has a body with a box of a symbol': () => deliver({ body: { kind: Object(Symbol('pro')) } }),
  'has a body with a box of a bigint': () => deliver({ body: { id: Object(1n) } }),
  'has a body with a registry': () => deliver({ body: { seen: new FinalizationRegistry(() => {}) } }),
};

export const mapper = {
  transform(event) {
    return mistakes[event.userName](event.userName, event);
  },
};

class Hidden {
  #id = 1;

  get id() {
    return this.#id;
  }
}

function* generated() {
  yield 'a';
}
