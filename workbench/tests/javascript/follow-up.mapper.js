// Does with the backend's answer what the user's name asks for.

export const transform = () => ({ skip: 'not-tried' });

const does = {
  'returns nothing': () => undefined,
  'sets and adds': () => ({ attributes: { 'custom:id': '42' }, groups: ['members', 'gold'] }),
  'reads all of the answer': (answer) => ({
    attributes: { 'custom:a': `${answer.status} ${answer.headers['x-a']} ${answer.json().id} ${answer.text()} ${answer.body.length}` },
  }),
  'is asynchronous': async () => ({ groups: ['members'] }),
  'returns a text': () => 'members',
  'returns a list': () => [{ attributes: {} }],
  'misspells groups': () => ({ group: ['members'] }),
  'misspells attributes': () => ({ attribute: { 'custom:id': '42' } }),
  'sets a number': () => ({ attributes: { 'custom:id': 42 } }),
  'sets a bigint': () => ({ attributes: { 'custom:id': 42n } }),
  'sets undefined': () => ({ attributes: { 'custom:id': undefined } }),
  'has a list of attributes': () => ({ attributes: [['custom:id', '42']] }),
  'has a map of attributes': () => ({ attributes: new Map([['custom:id', '42']]) }),
  'returns a map': () => new Map([['attributes', {}]]),
  'has a hole in groups': () => ({ groups: [, 'members'] }),
  'leaves a promise alone': () => void Promise.reject(5),
  'adds to a text': () => ({ groups: 'members' }),
  'adds to null': () => ({ groups: [null] }),
  'keeps all digits': (answer) => ({
    attributes: Object.fromEntries(Object.entries(answer.json()).map(([name, value]) => [name, `${typeof value} ${value}`])),
  }),
  'fetches': () => fetch('https://example.org'),
  'throws an error': (answer) => answer.json().user.id,
  'makes JSON of a bigint': () => JSON.stringify({ id: 2n ** 60n }),
  'throws its own': () => { throw { code: 'no-id', message: 'there is no id' }; },
};

export function conclude(event, answer) {
  return does[event.userName](answer);
}
