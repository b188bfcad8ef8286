// The mapping is a plain function: `node --test` runs this (Node.js 22.18 or later).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { conclude, transform } from './mapper.ts';

test('a user without a plan gets the free one', () => {
  const event = { triggerSource: { tag: 'confirm-sign-up' }, attributes: { sub: '42', email: 'ada@example.org' } };
  assert.deepEqual(transform(event).deliver.body, { id: '42', email: 'ada@example.org', plan: 'free' });
});

test("the backend's id is stored, and the user joins the group", () => {
  const answer = { status: 201, body: [1], json: () => ({ id: 42, group: 'members' }) };
  assert.deepEqual(conclude({}, answer), { attributes: { 'custom:backend_id': '42' }, groups: ['members'] });
});

test('an answer that says nothing changes nothing', () => {
  assert.deepEqual(conclude({}, { status: 204, body: [] }), {});
  assert.deepEqual(conclude({}, { status: 409, body: [1], json: () => ({}) }), {});
});
