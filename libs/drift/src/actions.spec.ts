import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionOf, singular, toolTerms, topicOf, verbOf } from './actions.js';

describe('what a tool name says', () => {
  it.each([
    ['send_money', 'pay', ['payment']],
    ['sendEmail', 'message', ['email']],
    ['create_calendar_event', 'book', ['calendar']],
    ['add_event_participants', 'invite', ['user', 'calendar']],
    ['add_user_to_channel', 'create', ['user', 'channel']],
    ['cart_add_item', 'buy', ['product', 'cart']],
    ['clear_cart', 'delete', ['cart']],
    ['refund_order', 'pay', ['order']],
    ['update_account_password', 'access', ['password', 'account']],
    ['update_scheduled_transfer', 'update', ['payment', 'scheduled']],
    ['user_delete', 'delete', ['user']],
    ['get_webpage', 'visit', ['webpage']],
    ['get_repository', 'read', ['repository']],
    ['verify_account', 'enter', ['account']],
    ['gizmo', null, ['gizmo']],
    ['', null, []],
  ])('%s: %s of %j', (name, action, topics) => {
    expect(toolTerms(name)).toMatchObject({ action, topics });
  });

  it('is the same each time, however many names were read in between', () => {
    const before = toolTerms('delete_repository');
    for (let i = 0; i < 5_000; i++) toolTerms(`make_thing_${String.fromCharCode(97 + (i % 26))}${i}`);
    expect(toolTerms('delete_repository')).toEqual(before);
  });

  it('never throws and stays short, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400, unit: 'binary' }), (name) => {
        expect(toolTerms(name).topics.length).toBeLessThanOrEqual(256);
      }),
    );
  });
});

describe('verbs', () => {
  it.each([
    ['send', 'send', 'base'],
    ['sends', 'send', 's'],
    ['sent', 'send', 'ed'],
    ['emptied', 'empty', 'ed'],
    ['dropped', 'drop', 'ed'],
    ['deleting', 'delete', 'ing'],
    ['pays', 'pay', 's'],
    ['written', 'write', 'ed'],
  ])('%s is a form of %s', (word, base, form) => {
    expect(verbOf(word)).toEqual({ base, form });
  });

  it.each(['house', 'need', 'thing', 'the', 'is', ''])('%j is none', (word) => {
    expect(verbOf(word)).toBeNull();
  });
});

describe('actions and topics', () => {
  it.each([
    ['make', ['reservation'], 'book'],
    ['make', ['payment'], 'pay'],
    ['write', ['message'], 'message'],
    ['write', ['file'], 'create'],
    ['delete', ['email'], 'delete'],
    ['set', ['password'], 'access'],
    ['read', ['website'], 'visit'],
    ['summarize', ['website'], 'read'],
  ])('to %s %j is to %s', (verb, nouns, action) => {
    expect(actionOf(verb, nouns)).toBe(action);
  });

  it.each([
    ['emails', 'email'],
    ['repo', 'repository'],
    ['directories', 'folder'],
    ['the', ''],
    ['addresses', 'address'],
    ['status', 'status'],
  ])('%s is about %j', (word, topic) => {
    expect(topicOf(word)).toBe(topic);
  });

  it('a noun without another name is its singular', () => {
    expect(['repos', 'parties', 'boxes', 'bus', 'their'].map(singular)).toEqual([
      'repo',
      'party',
      'box',
      'bus',
      '',
    ]);
  });
});
