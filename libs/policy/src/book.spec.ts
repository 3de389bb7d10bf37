import { describe, expect, it } from 'vitest';
import { encodeActivity } from '#activity';
import type { PolicyActivated } from '#activity/types';
import type { Policy } from '#drift';
import { activationKey, BY_CONFIGURATION, PolicyBook, type PolicyRecord } from './book.js';
import { decodePolicy, encodePolicy } from './canonical.js';
import { defaultPolicy } from './load.js';

const T = 1_790_000_000_000;
const policy = (name: string): Policy => decodePolicy(encodePolicy({ ...defaultPolicy(), name }));
const [one, two, three] = [policy('one'), policy('two'), policy('three')];

const document = (of: Policy, atMs = T): PolicyRecord => {
  return { key: Buffer.from(of.digest), value: encodePolicy(of), appendTimeMs: atMs };
};

let counter = 0;
function activation(of: Policy, revision: number, by = 'ada', atMs = T): PolicyRecord & { id: string } {
  counter += 1;
  const id = `authority-${counter}`;
  const record: PolicyActivated = {
    type: 'PolicyActivated',
    id,
    tenant: 'acme',
    agent: '',
    assurance: 'verified',
    principal: null,
    actors: [],
    time: atMs,
    source: 'authority/a',
    instance: 'a-1',
    sequence: 0,
    pending: false,
    task: null,
    conversation: null,
    policy: of.digest,
    revision,
    by,
    reason: 'a test',
  };
  return { id, key: Buffer.from(activationKey(id)), value: encodeActivity(record), appendTimeMs: atMs };
}

const bookOf = (...records: PolicyRecord[]): PolicyBook => {
  const book = new PolicyBook(one);
  for (const record of records) book.take(record);
  return book;
};

describe('the book of policies', () => {
  it('judges with the configured one until something is active', () => {
    const book = bookOf(document(two));
    expect(book.active).toBeNull();
    expect(book.policy).toBe(one);
    expect(book.get(two.digest)).toEqual(two);
    expect(book.at(T)).toBeNull();
  });

  it('takes the first of two activations of one revision, and never an older or a skipping one', () => {
    const book = bookOf(document(two), document(three));
    const kinds = [
      activation(two, 1),
      activation(three, 1),
      activation(three, 3),
      activation(three, 2),
      activation(two, 1),
    ].map((record) => book.take(record).kind);
    expect(kinds).toEqual(['activated', 'overtaken', 'overtaken', 'activated', 'overtaken']);
    expect(book.active).toMatchObject({ revision: 2, policy: three.digest, by: 'ada' });
    expect(book.policy).toEqual(three);
  });

  it('agrees on what is active also where the document cannot be read, and judges with the newest it can', () => {
    const book = bookOf(document(two), activation(two, 1), activation(three, 2));
    expect(book.active?.policy).toBe(three.digest);
    expect(book.policy).toEqual(two);
    book.take(document(three));
    expect(book.policy).toEqual(three);
  });

  it('believes no document under another name, no nonsense and no tombstone', () => {
    const book = new PolicyBook(one);
    const forged = { ...document(two), key: Buffer.from(three.digest) };
    const nonsense = { ...activation(two, 1), value: Buffer.from('{}') };
    expect([forged, nonsense].map((record) => book.take(record).kind)).toEqual(['unreadable', 'unreadable']);
    expect(book.take({ ...document(two), value: null }).kind).toBe('nothing');
    expect(book.get(three.digest)).toBeNull();
  });

  it('knows what was active at a time, and what configuration said last', () => {
    const book = bookOf(
      activation(one, 1, BY_CONFIGURATION, T),
      activation(two, 2, 'ada', T + 10),
      activation(three, 3, 'ada', T + 20),
    );
    expect(book.at(T + 15)).toMatchObject({ policy: two.digest, revision: 2 });
    expect(book.at(T - 1)).toEqual({ policy: one.digest, revision: 0 });
    expect(book.fromConfiguration?.revision).toBe(1);
  });
});
