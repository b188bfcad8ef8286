// The mapping is a plain function: `node --test` runs this (Node.js 22.18 or later).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { transform } from './mapper.ts';

test('a user without a plan gets the free one', () => {
  const event = { triggerSource: { tag: 'confirm-sign-up' }, attributes: { sub: '42', email: 'ada@example.org' } };
  assert.deepEqual(transform(event).deliver.body, { id: '42', email: 'ada@example.org', plan: 'free' });
});
