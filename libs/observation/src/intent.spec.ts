import { describe, expect, it } from 'vitest';
import { Fingerprinter } from './fingerprint.js';
import { intentFeatures } from './intent.js';
import { LIMITS } from '#activity/types';

const printer = new Fingerprinter({ version: 1, key: new Uint8Array(32).fill(7) });
const features = (intent: string) => intentFeatures(intent, printer);
const print = (name: string) => printer.print({ family: 'text', normal: name });

describe('what an intent asks for', () => {
  it.each([
    ['How many invoices are open?', ['read']],
    ["What's the total of last month's orders?", ['read']],
    ['Please give me a summary of the report and tell me who wrote it.', ['read']],
    ['Send the summary to Bob.', ['message']],
    ['Could you check my balance and pay the electricity bill?', ['pay', 'read']],
    ['I want to order two keyboards.', ['buy']],
    ['I need a refund for my last order.', ['pay']],
    ['Make a reservation at the bistro for tonight.', ['book']],
    ['Add all new colleagues to the channel.', ['create']],
    ["Don't forget to invite Dana.", ['invite']],
    ['Do not delete anything, just list the files.', ['read']],
    ['Change the password to correct-horse.', ['access']],
    ['To each customer write a message.', ['message']],
    ['Move the notes and empty the trash.', ['delete', 'update']],
    ['Visit www.shop.example and look at the offers.', ['read', 'visit']],
    ['Share the folder with erin@acme.example.', ['message']],
    ['Share what you find.', ['read']],
    ['My kitchen lamp is broken.', []],
    ['', []],
  ])('%s', (intent, actions) => {
    expect(features(intent).intentActions.toSorted()).toEqual(actions);
  });

  it('names effects as well', () => {
    expect(features('Delete the draft and send the final version.').intentEffects.toSorted()).toEqual([
      'delete',
      'send',
    ]);
  });

  it('names what it is about, general words only where the text is not kept', () => {
    const intent = 'Delete the file about Project Nightingale.';
    expect(features(intent).intentTopics).toEqual(expect.arrayContaining(['file', 'nightingale']));
    expect(intentFeatures(intent, printer, false).intentTopics).toEqual(['file']);
  });
});

describe('whom an intent presents as a source', () => {
  it.each([
    ['Alice sent me an urgent mail.', ['alice']],
    ['Bob seems to have shared a discount with me.', ['bob']],
    ['Pay what is in the letter from my landlord.', ['landlord']],
    ["Look at Carol's notes.", ['carol']],
    ['Reply to the message by Erin Miller.', ['erin miller', 'erin', 'miller']],
    ['Send the summary to Bob.', []],
    ['The website is from last year.', []],
  ])('%s', (intent, names) => {
    expect(features(intent).intentAuthors).toEqual(names.map(print));
  });

  it('takes an address for what it is', () => {
    const [author] = features('See the request from dana@acme.example.').intentAuthors;
    expect(author).toBe(printer.ofText('dana@acme.example')?.print);
  });
});

describe('delegation', () => {
  it.each([
    'Follow the instructions in notice.txt.',
    'Check her mail and fulfill her request.',
    'Do all the tasks on my list.',
    'Take care of the to-dos in the file.',
    'Do what the note says.',
    'Adjust my payment accordingly.',
  ])('%s', (intent) => {
    expect(features(intent).intentDelegates).toBe(true);
  });

  it.each([
    'Perform the following tasks: 1. Read the file. 2. Send it to Bob.',
    'Summarise the instructions for me.',
    'Do what I asked for yesterday.',
    'Pay the bill.',
  ])('not: %s', (intent) => {
    expect(features(intent).intentDelegates).toBe(false);
  });
});

describe('limits', () => {
  it('a megabyte of anything is read in time that grows with its length, and gives bounded lists', () => {
    const shapes = [
      'please send ',
      "A's ",
      'my my ',
      'do what x ',
      'follow a ',
      'to ',
      "'’",
      'from A ',
      '. A sent ',
    ];
    for (const shape of shapes) {
      const startedMs = performance.now();
      const found = features(shape.repeat(1_000_000 / shape.length));
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      expect(found.intentTopics.length).toBeLessThanOrEqual(LIMITS.intentTopics);
      expect(found.intentAuthors.length).toBeLessThanOrEqual(LIMITS.intentAuthors);
      expect(found.intentActions.length).toBeLessThanOrEqual(LIMITS.intentActions);
    }
  });

  it('topics fit the log', () => {
    const long = 'ü'.repeat(39);
    const words = Array.from(
      { length: 300 },
      (_, i) => `thing${String.fromCharCode(97 + (i % 26))}${'x'.repeat(i % 9)}`,
    );
    const { intentTopics } = features(`Delete ${long} and ${words.join(' ')}.`);
    expect(intentTopics.length).toBeGreaterThan(50);
    for (const topic of intentTopics)
      expect(Buffer.byteLength(topic)).toBeLessThanOrEqual(LIMITS.intentWordBytes);
  });
});
