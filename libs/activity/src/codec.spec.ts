import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createCodec } from './codec.js';
import { DecodeError, EncodeError, type WireCode } from './errors.js';
import {
  decodeActivity,
  decodeCommand,
  decodeGatewayReport,
  encodeActivity,
  encodeGatewayReport,
  encodeLift,
  encodeRevocation,
  validateActivity,
} from './records.js';
import { schemasFolder } from './schemas.js';
import {
  LIMITS,
  type Activity,
  type GatewayReport,
  type Lift,
  type Revocation,
  type ToolCall,
} from './types.js';

/** As the current schema has it: the latest version that holds this record. */
const golden = new URL('../../../test/golden/', import.meta.url);
const record = <T>(name: string): T => {
  const versions = ['v2', 'v1'].map((version) => new URL(`${version}/${name}.json`, golden));
  const latest = versions.find((url) => existsSync(url))!;
  return (JSON.parse(readFileSync(latest, 'utf8')) as { record: T }).record;
};
const call = record<ToolCall>('tool-call');
const bytes = encodeActivity(call);

function codeOf(decode: () => unknown): WireCode | 'decoded' {
  try {
    decode();
    return 'decoded';
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.code;
  }
}
function refusal(encode: () => unknown): EncodeError {
  try {
    encode();
  } catch (error) {
    if (error instanceof EncodeError) return error;
    throw error;
  }
  throw new Error('it was encoded');
}
/** A zigzag varint, as Avro writes every length, count and index. */
function long(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value < 0 ? -value * 2 - 1 : value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) | 0x80);
  }
}

describe('decodeActivity', () => {
  it('gives plain objects, equal to what went in', () => {
    const back = decodeActivity(bytes);
    expect(back).toStrictEqual(call);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(decodeActivity(new Uint8Array(bytes))).toStrictEqual(call);
  });

  it('tells every activity apart by its type', () => {
    const names = [
      'tool-result',
      'task-started',
      'task-ended',
      'context-checked',
      'revocation-lifted',
      'tools-listed',
      'tick',
    ];
    const activities = names.map((name) => record<Activity>(name));
    expect(activities.map((activity) => decodeActivity(encodeActivity(activity)))).toStrictEqual(activities);
  });

  it('shares no memory with the bytes', () => {
    const copy = Buffer.from(bytes);
    const back = decodeActivity(copy);
    copy.fill(0);
    expect(back).toStrictEqual(call);
  });

  it.each<[string, Uint8Array, WireCode]>([
    ['nothing', Buffer.alloc(0), 'DL_WIRE_EMPTY'],
    ['text', Buffer.from('{"type":"ToolCall"}'), 'DL_WIRE_FRAMING'],
    ['a marker alone', Buffer.from([0xc3, 1]), 'DL_WIRE_FRAMING'],
    ['half a header', bytes.subarray(0, 9), 'DL_WIRE_FRAMING'],
    ['a header alone', bytes.subarray(0, 10), 'DL_WIRE_TRUNCATED'],
    ['the last byte missing', bytes.subarray(0, -1), 'DL_WIRE_TRUNCATED'],
    ['one byte too many', Buffer.concat([bytes, Buffer.from([0])]), 'DL_WIRE_TRAILING'],
    [
      'another fingerprint',
      Buffer.concat([Buffer.from([0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8]), bytes.subarray(10)]),
      'DL_WIRE_SCHEMA',
    ],
    [
      'half the fingerprint',
      Buffer.concat([bytes.subarray(0, 6), Buffer.alloc(4), bytes.subarray(10)]),
      'DL_WIRE_SCHEMA',
    ],
    ['the schema of another record', encodeLift(record<Lift>('lift')), 'DL_WIRE_SCHEMA'],
    [
      'a Confluent id nobody listed',
      Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), bytes.subarray(10)]),
      'DL_WIRE_SCHEMA',
    ],
    [
      'more than a record may be',
      Buffer.concat([bytes, Buffer.alloc(LIMITS.messageBytes)]),
      'DL_WIRE_OVERSIZE',
    ],
    [
      'a type that is none',
      Buffer.concat([bytes.subarray(0, 10), long(1), bytes.subarray(11)]),
      'DL_WIRE_MALFORMED',
    ],
  ])('refuses %s', (_what, poison, code) => {
    expect(codeOf(() => decodeActivity(poison))).toBe(code);
  });
});

describe('a schema made for attacks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-schemas-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fields = [
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'count', type: { type: 'long', 'x-min': 0 } },
    { name: 'ratio', type: { type: 'double', 'x-min': 0, 'x-max': 1 } },
    { name: 'list', type: { type: 'array', items: { type: 'string', 'x-max-bytes': 4 }, 'x-max-items': 3 } },
    { name: 'map', type: { type: 'map', values: 'long' } },
    { name: 'note', type: ['null', { type: 'string', 'x-max-bytes': 4, 'x-name': true }] },
  ];
  writeFileSync(join(folder, 'target.avsc'), JSON.stringify({ type: 'record', name: 'Target', fields }));
  const codec = createCodec<Record<string, unknown>>('target', { schemas: folder });
  const header = codec
    .encode({ time: Date.UTC(2026, 0, 1), count: 0, ratio: 0, list: [], map: {}, note: null })
    .subarray(0, 10);
  const time = long(Date.UTC(2026, 0, 1));
  const zero = Buffer.from([0]);
  const half = Buffer.alloc(8);
  half.writeDoubleLE(0.5);
  const double = (value: number): Buffer => {
    const out = Buffer.alloc(8);
    out.writeDoubleLE(value);
    return out;
  };
  const text = (value: string): Buffer => Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)]);
  /** Parts in the order of the fields; the rest is valid. */
  const made = (parts: {
    time?: Buffer;
    count?: Buffer;
    ratio?: Buffer;
    list?: Buffer;
    map?: Buffer;
    note?: Buffer;
  }): Buffer => {
    const order = [
      parts.time ?? time,
      parts.count ?? zero,
      parts.ratio ?? half,
      parts.list ?? zero,
      parts.map ?? zero,
      parts.note ?? zero,
    ];
    return Buffer.concat([header, ...order]);
  };

  it('decodes when nothing is wrong, blocks of either kind included', () => {
    const sized = Buffer.concat([long(-1), long(2), text('b'), zero]);
    const list = Buffer.concat([long(1), text('a'), sized]);
    const map = Buffer.concat([long(1), text('constructor'), long(7), zero]);
    expect(codec.decode(made({ list, map }))).toMatchObject({ list: ['a', 'b'], ratio: 0.5, note: null });
    const decoded = codec.decode(made({ map })).map as object;
    expect(Object.getPrototypeOf(decoded)).toBeNull();
    expect(Object.entries(decoded)).toStrictEqual([['constructor', 7]]);
  });

  it.each<[string, Buffer, WireCode]>([
    ['a time before 2020', made({ time: long(Date.UTC(2019, 11, 31)) }), 'DL_WIRE_TIME'],
    ['a time after 2099', made({ time: long(Date.UTC(2100, 0, 1)) }), 'DL_WIRE_TIME'],
    ['a negative time', made({ time: long(-1) }), 'DL_WIRE_TIME'],
    ['a time beyond 2^53', made({ time: Buffer.from('feffffffffffffffff01', 'hex') }), 'DL_WIRE_TIME'],
    ['a number that never ends', made({ time: Buffer.alloc(200_000, 0xff) }), 'DL_WIRE_TIME'],
    ['a negative count', made({ count: long(-1) }), 'DL_WIRE_LIMIT'],
    ['a count beyond 2^53', made({ count: Buffer.from('feffffffffffffffff01', 'hex') }), 'DL_WIRE_LIMIT'],
    ['NaN', made({ ratio: double(NaN) }), 'DL_WIRE_LIMIT'],
    ['Infinity', made({ ratio: double(Infinity) }), 'DL_WIRE_LIMIT'],
    ['a number over its bound', made({ ratio: double(1.01) }), 'DL_WIRE_LIMIT'],
    ['a list of more items than bytes are left', made({ list: long(3) }), 'DL_WIRE_BOMB'],
    ['a list of 2^40 items', made({ list: long(2 ** 40) }), 'DL_WIRE_BOMB'],
    [
      'a list of 2^53 items in a sized block',
      made({ list: Buffer.concat([long(-(2 ** 53)), long(1)]) }),
      'DL_WIRE_BOMB',
    ],
    [
      'a block of negative size',
      made({ list: Buffer.concat([long(-1), long(-5), text('a'), zero]) }),
      'DL_WIRE_BOMB',
    ],
    [
      'a list longer than allowed, in blocks of one',
      made({ list: Buffer.concat([...Array(4).fill(Buffer.concat([long(1), text('a')])), zero]) }),
      'DL_WIRE_LIMIT',
    ],
    ['a map of 2^40 entries', made({ map: long(2 ** 40) }), 'DL_WIRE_BOMB'],
    [
      'a map key `__proto__`',
      made({ map: Buffer.concat([long(1), text('__proto__'), long(1), zero]) }),
      'DL_WIRE_KEY',
    ],
    ['a text over its limit', made({ list: Buffer.concat([long(1), text('abcde'), zero]) }), 'DL_WIRE_LIMIT'],
    ['a text of negative length', made({ list: Buffer.concat([long(1), long(-3), zero]) }), 'DL_WIRE_LIMIT'],
    [
      'a text longer than the bytes',
      made({ note: Buffer.concat([long(1), long(4), Buffer.from('ab')]) }),
      'DL_WIRE_TRUNCATED',
    ],
    [
      'text that is not UTF-8',
      made({ note: Buffer.concat([long(1), long(2), Buffer.from([0xc3, 0x28])]) }),
      'DL_WIRE_TEXT',
    ],
    ['a union branch that does not exist', made({ note: long(2) }), 'DL_WIRE_MALFORMED'],
    ['a negative union branch', made({ note: long(-1) }), 'DL_WIRE_MALFORMED'],
  ])('refuses %s, at once', (_what, poison, code) => {
    // CPU time: a machine busy with something else must not fail this.
    const start = process.cpuUsage();
    expect(codeOf(() => codec.decode(poison))).toBe(code);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000).toBeLessThan(50);
  });

  it('takes text that holds U+FFFD itself', () => {
    expect(codec.decode(made({ note: Buffer.concat([long(1), text('\uFFFD')]) }))).toMatchObject({
      note: '\uFFFD',
    });
  });
});

describe('encodeActivity', () => {
  it.each<[string, Partial<Record<keyof ToolCall, unknown>>, string]>([
    ['an effect that is none', { effect: 'constructor' }, 'effect: expected one of read, write'],
    ['a time before 2020', { time: 1 }, 'time: expected whole milliseconds'],
    ['a time that is no whole number', { time: call.time + 0.5 }, 'time: expected whole milliseconds'],
    ['a text over its limit', { resource: 'ü'.repeat(257) }, 'resource: expected text of 0 to 512 bytes'],
    ['an empty id', { id: '' }, 'id: expected text of 1 to 128 bytes'],
    [
      'half a character',
      { reason: 'a\ud800' },
      'reason: expected text of 0 to 512 bytes, without lone surrogates',
    ],
    ['a tool `__proto__`', { tool: '__proto__' }, 'tool: expected text of 0 to 256 bytes, not `__proto__`'],
    [
      'too many data classes',
      { dataClasses: Array(33).fill('x') },
      'dataClasses: expected a list of at most 32 items',
    ],
    [
      'a fingerprint in capitals',
      { values: [{ ...call.values[0], print: 'ABCDEF0123456789' }] },
      'values.0.print: expected 16 lower-case hex digits',
    ],
    ['a fact of another type', { facts: [{ name: 'x', value: {} }] }, 'facts.0.value'],
    ['a fact that is not finite', { facts: [{ name: 'x', value: Infinity }] }, 'facts.0.value'],
    ['a missing field', { server: undefined }, 'server: expected text'],
    ['a number for a flag', { uncatalogued: 1 }, 'uncatalogued'],
    ['a negative sequence', { sequence: -1 }, 'sequence: expected a whole number from 0'],
  ])('refuses %s and says where', (_what, change, problem) => {
    const wrong = { ...call, ...change } as ToolCall;
    const error = refusal(() => encodeActivity(wrong));
    expect(error.code).toBe('DL_WIRE_INVALID');
    expect(error.message).toContain(problem);
    expect(validateActivity(wrong)).toStrictEqual(error.problems);
  });

  it('lists every problem, and shows some of them', () => {
    const error = refusal(() =>
      encodeActivity({ ...call, id: '', tenant: '', agent: '', dataClasses: Array(20).fill('') }),
    );
    expect(error.problems).toHaveLength(3);
    const many = refusal(() =>
      encodeActivity({ ...call, values: Array.from({ length: 20 }, () => ({})) as never }),
    );
    expect(many.problems.length).toBeGreaterThan(20);
    expect(many.message).toMatch(/; and \d+ more$/);
  });

  it('refuses what is larger than a record may be', () => {
    const folder = mkdtempSync(join(tmpdir(), 'driftline-large-'));
    writeFileSync(
      join(folder, 'free.avsc'),
      JSON.stringify({ type: 'record', name: 'Free', fields: [{ name: 'text', type: 'string' }] }),
    );
    const codec = createCodec<{ text: string }>('free', { schemas: folder, maxBytes: 1_000 });
    rmSync(folder, { recursive: true });
    expect(codec.decode(codec.encode({ text: 'x'.repeat(988) })).text).toHaveLength(988);
    expect(refusal(() => codec.encode({ text: 'x'.repeat(989) })).message).toContain(
      '1001 bytes encoded, at most 1000',
    );
    expect(refusal(() => codec.encode({ text: 'x'.repeat(3_000_000) })).code).toBe('DL_WIRE_OVERSIZE');
  });

  it('refuses a type that is none', () => {
    const error = refusal(() => encodeActivity({ ...call, type: 'Nonsense' } as unknown as Activity));
    expect(error.problems[0]).toContain('type: expected one of ToolCall');
    expect(validateActivity({ ...call, type: 'Nonsense' } as unknown as Activity)).toHaveLength(1);
    expect(validateActivity(call)).toStrictEqual([]);
  });
});

describe('other records', () => {
  it('of gateways are told apart by their type', () => {
    const reports = ['gateway-registered', 'gateway-heartbeat', 'gateway-left', 'enforcement'].map((name) =>
      record<GatewayReport>(name),
    );
    expect(reports.map((report) => decodeGatewayReport(encodeGatewayReport(report)))).toStrictEqual(reports);
  });

  it('of the revocations topic are told apart by their key', () => {
    const revocation = record<Revocation>('revocation');
    const lift = record<Lift>('lift');
    expect(decodeCommand(revocation.id, encodeRevocation(revocation))).toStrictEqual({
      kind: 'revocation',
      revocation,
    });
    expect(decodeCommand(`lift:${revocation.id}`, encodeLift(lift))).toStrictEqual({ kind: 'lift', lift });
    expect(codeOf(() => decodeCommand('r-1', encodeLift(lift)))).toBe('DL_WIRE_SCHEMA');
  });
});

describe('Confluent framing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-ids-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const ids = join(folder, 'ids.json');
  writeFileSync(ids, JSON.stringify({ 7: 'lift', 8: 'tool-call', 4294967295: 'lift' }));
  const lift = record<Lift>('lift');
  const codec = createCodec<Lift>('lift', { confluentIds: ids });
  const framed = (id: number): Buffer => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(id, 1);
    return Buffer.concat([head, encodeLift(lift).subarray(10)]);
  };

  it('is read with the ids of the file', () => {
    expect(codec.decode(framed(7))).toStrictEqual(lift);
    expect(codec.decode(framed(4294967295))).toStrictEqual(lift);
  });

  it('is refused with ids of other records or of none', () => {
    expect(codeOf(() => codec.decode(framed(8)))).toBe('DL_WIRE_SCHEMA');
    expect(codeOf(() => codec.decode(framed(9)))).toBe('DL_WIRE_SCHEMA');
    expect(codeOf(() => codec.decode(Buffer.from([0, 0, 0])))).toBe('DL_WIRE_FRAMING');
    expect(codeOf(() => codec.decode(Buffer.concat([framed(7), Buffer.from([1])])))).toBe('DL_WIRE_TRAILING');
  });

  it('stops the start when the file is wrong', () => {
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, JSON.stringify({ seven: 'lift' }));
    expect(() => createCodec<Lift>('lift', { confluentIds: wrong })).toThrow(/expected "<id>"/);
  });
});

describe('a schema that changes', () => {
  interface Changed {
    revocation: string;
    at: number;
    by: string;
    kind?: string;
    added?: string[];
  }
  const folder = mkdtempSync(join(tmpdir(), 'driftline-evolution-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  cpSync(schemasFolder(), folder, { recursive: true });
  mkdirSync(join(folder, 'old'), { recursive: true });
  const path = join(folder, 'lift.avsc');
  const old = readFileSync(path, 'utf8');
  const before = createCodec<Lift>('lift', { schemas: folder });
  const written = before.encode(record<Lift>('lift'));
  const json = JSON.parse(old) as {
    fields: { name: string; type: unknown; default?: unknown; doc: string }[];
  };
  json.fields = json.fields.filter((field) => !['reason', 'tenant'].includes(field.name));
  json.fields.push({
    name: 'kind',
    type: { type: 'enum', name: 'Kind', symbols: ['a_b', 'c'] },
    default: 'a_b',
    doc: 'New.',
  });
  json.fields.push({
    name: 'added',
    type: { type: 'array', items: { type: 'string', 'x-max-bytes': 9 } },
    default: [],
    doc: 'New.',
  });
  writeFileSync(path, JSON.stringify(json));

  it('reads what it wrote before, with defaults for what is new', () => {
    writeFileSync(join(folder, 'old', 'lift.1.avsc'), old);
    const after = createCodec<Changed>('lift', { schemas: folder });
    const { revocation, by, at, cause } = record<Lift>('lift');
    expect(after.decode(written)).toStrictEqual({ revocation, by, at, cause, kind: 'a-b', added: [] });
    const again = { revocation, by, at, cause, kind: 'c', added: ['x'] };
    expect(after.decode(after.encode(again))).toStrictEqual(again);
  });

  it('stays bounded when it reads old bytes', () => {
    const after = createCodec<Changed>('lift', { schemas: folder });
    // `tenant` is skipped now: its length must still fit.
    const skipped = Buffer.concat([
      written.subarray(0, 10),
      Buffer.from([2]),
      Buffer.from('r'),
      long(2 ** 40),
    ]);
    expect(codeOf(() => after.decode(skipped))).toBe('DL_WIRE_TRUNCATED');
    expect(codeOf(() => after.decode(written.subarray(0, -3)))).toBe('DL_WIRE_TRUNCATED');
    expect(codeOf(() => after.decode(Buffer.concat([written, Buffer.from([0])])))).toBe('DL_WIRE_TRAILING');
  });

  it('is unknown to a reader that has not got it', () => {
    const after = createCodec<Changed>('lift', { schemas: folder });
    const newer = after.encode({ revocation: 'r', by: 'b', at: Date.UTC(2026, 0, 1) });
    expect(codeOf(() => before.decode(newer))).toBe('DL_WIRE_SCHEMA');
  });
});
