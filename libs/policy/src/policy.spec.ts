import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodePolicy, encodePolicy } from './canonical.js';
import { PolicyError } from './errors.js';
import { defaultPolicy, loadPolicy } from './load.js';
import { parsePolicy } from './parse.js';
import { PolicyDocument } from './schema.js';

const shippedPath = fileURLToPath(new URL('../../../assets/policy/default.yaml', import.meta.url));

function mistakes(text: string) {
  try {
    parsePolicy(text, 'mine.yaml');
  } catch (error) {
    if (error instanceof PolicyError) return error;
    throw error;
  }
  throw new Error('expected mistakes, got none');
}

describe('the shipped policy', () => {
  it('is valid and names every tool of the filesystem server for servers called files or filesystem', () => {
    const { catalogue, digest } = defaultPolicy();
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const write = catalogue.tools.filter(({ tool }) => tool === 'write_file');
    expect(write.map(({ server, effect, resource }) => ({ server, effect, resource }))).toEqual([
      { server: 'files*', effect: 'write', resource: { pointer: '/path', secret: false } },
      { server: 'filesystem*', effect: 'write', resource: { pointer: '/path', secret: false } },
    ]);
  });

  it('spells out what a policy without these keys gets anyway', () => {
    const shipped = PolicyDocument.parse(parse(readFileSync(shippedPath, 'utf8')));
    const bare = PolicyDocument.parse({ name: 'default' });
    const { catalogue: _c, responses: _r, dataClasses: _d, sequences: _s, ...spelled } = shipped;
    expect(bare).toMatchObject(spelled);
  });
});

describe('parsePolicy', () => {
  it('takes durations', () => {
    const { idleMs, implicitTaskIdleMs } = parsePolicy('name: x\nidle: 5d\nimplicitTaskIdle: 90s\n');
    expect([idleMs, implicitTaskIdleMs]).toEqual([5 * 86_400_000, 90_000]);
  });

  it('lists every mistake with its line, and suggests what was meant', () => {
    const error = mistakes(
      [
        'name: x',
        'detectors:',
        '  scope: { wieght: 0.5 }',
        '  data-clas: {}',
        'levels: { elevated: 300 }',
        'idle: soon',
        'responses:',
        '  - { id: a, of: task, level: high, response: quarantine, for: 1h }',
        'zzz: 1',
      ].join('\n'),
    );
    expect(error.code).toBe('DL_POLICY_INVALID');
    expect(error.mistakes.map(({ line, path }) => `${line} ${path}`).toSorted()).toEqual([
      '3 detectors.scope.wieght',
      '4 detectors.data-clas',
      '5 levels.elevated',
      '6 idle',
      '8 responses[0].response',
      '9 zzz',
    ]);
    expect(error.message).toContain('did you mean "weight"?');
    expect(error.message).toContain('did you mean "data-class"?');
    expect(error.message).toContain('90s, 15m, 2h or 7d');
    expect(error.message).toContain('mine.yaml:8');
    expect(error.message).toMatch(/zzz: unknown key; known here: name, /);
  });

  it.each([
    ['levels out of order', 'levels: { elevated: 70 }', 'elevated < high < critical'],
    ['hysteresis that never ends', 'levels: { hysteresis: 30 }', 'nobody gets back'],
    ['a ceiling that reaches critical', 'detectors: { refusals: { ceiling: 0.95 } }', 'noise of one kind'],
    ['a weight above its ceiling', 'detectors: { refusals: { weight: 0.4 } }', 'at least the weight'],
    ['a family that counts elsewhere', 'detectors: { scope: { family: exposure } }', 'counts by itself'],
    ['a family that is none', 'detectors: { scope: { family: moods } }', 'counts by itself'],
    [
      'a response without an end',
      'responses: [{ id: a, of: task, level: high, response: restrict }]',
      'must end',
    ],
    [
      'a response longer than memory',
      'responses: [{ id: a, of: task, level: high, response: restrict, for: 8d }]',
      'forgotten',
    ],
    [
      'a rule twice',
      'responses: [{ id: a, of: task, level: high, response: alert }, { id: a, of: task, level: high, response: alert }]',
      'twice',
    ],
    [
      'a task response of an agent',
      'responses: [{ id: a, of: agent, level: high, response: revoke-task, for: 1h }]',
      'means the agent',
    ],
    ['YAML that is none', 'levels: { elevated: 3', ''],
    ['a key twice', 'idle: 1d\nidle: 2d', 'unique'],
    ['nothing but a list', '', ''],
  ])('refuses %s', (_, text, says) => {
    const document = text === '' ? '- a\n' : `name: x\n${text}\n`;
    expect(mistakes(document).message).toContain(says);
  });

  it('is not stopped by aliases that multiply', () => {
    const bomb = `name: x\na: &a [${'1,'.repeat(50)}1]\nb: &b [${'*a,'.repeat(50)}*a]\nc: [${'*b,'.repeat(50)}*b]\n`;
    expect(() => parsePolicy(bomb)).toThrow(/alias/i);
  });
});

describe('digest', () => {
  it('follows the meaning, not the spelling', () => {
    const one = parsePolicy('name: x\nidle: 2d\nlevels: { elevated: 20, high: 50 }\n');
    const other = parsePolicy('levels: { high: 50, elevated: 20 }\n# a comment\nidle: 48h\nname: x\n');
    expect(other.digest).toBe(one.digest);
    expect(parsePolicy('name: x\nidle: 3d\nlevels: { elevated: 20, high: 50 }\n').digest).not.toBe(
      one.digest,
    );
  });

  it('is the same after a trip over the log', () => {
    const policy = defaultPolicy();
    expect(decodePolicy(encodePolicy(policy))).toEqual(policy);
  });

  it('is computed, never believed, and what is no policy is refused', () => {
    const forged = JSON.parse(encodePolicy(defaultPolicy()).toString()) as { name: string };
    forged.name = 'forged';
    expect(decodePolicy(Buffer.from(JSON.stringify(forged))).digest).not.toBe(defaultPolicy().digest);
    expect(() => decodePolicy(Buffer.from('{}'))).toThrow(PolicyError);
    expect(() => decodePolicy(Buffer.from('nonsense'))).toThrow(PolicyError);
  });
});

describe('loadPolicy', () => {
  it('says when the file cannot be read', () => {
    expect(() => loadPolicy('/nowhere/policy.yaml')).toThrow(/ENOENT/);
  });
});
