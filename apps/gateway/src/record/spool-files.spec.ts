import { appendFileSync, mkdtempSync, readdirSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OpenCalls, type OpenCall } from './open-calls.js';
import { SpoolFiles } from './spool-files.js';

const directory = (): string => mkdtempSync(join(tmpdir(), 'driftline-spool-'));
const record = (n: number) => ({
  key: `k${n}`,
  partition: n % 3,
  headers: { ce_id: `${n}` },
  value: Buffer.from(`value ${n}`),
});

describe('SpoolFiles', () => {
  it('gives back what was written, in order, also to the next run', () => {
    const path = directory();
    const first = new SpoolFiles(path);
    first.write([record(1), record(2)]);
    first.write([{ ...record(3), value: null }]);
    first.close();
    const second = new SpoolFiles(path);
    second.write([record(4)]);
    const old = second.oldest()!;
    expect(old.records).toEqual([record(1), record(2), { ...record(3), value: null }]);
    second.remove(old.name);
    expect(second.oldest()!.records).toEqual([record(4)]);
    second.remove(second.oldest()!.name);
    expect(second.oldest()).toBeNull();
    expect(second.bytes).toBe(0);
  });

  it('ignores a torn end and a damaged record', () => {
    const path = directory();
    const files = new SpoolFiles(path);
    files.write([record(1), record(2)]);
    files.close();
    const [name] = readdirSync(path);
    const file = join(path, name!);
    truncateSync(file, files.bytes - 3);
    expect(new SpoolFiles(path).oldest()!.records).toEqual([record(1)]);
    appendFileSync(file, Buffer.from([9, 9, 9]));
    expect(new SpoolFiles(path).oldest()!.records).toEqual([record(1)]);
  });
});

describe('OpenCalls', () => {
  const call = (callId: string): OpenCall => ({
    callId,
    tenant: 't',
    agent: 'a',
    assurance: 'asserted',
    principal: null,
    actors: [],
    task: null,
    conversation: null,
    server: 's',
    tool: 'x',
    time: 1,
  });

  it('tells the next run which calls were open, a cut line aside', () => {
    const path = directory();
    const first = new OpenCalls(path);
    first.begin(call('1'));
    first.begin(call('2'));
    first.end('1');
    first.stop();
    appendFileSync(join(path, 'open-calls'), '{"begin":{"callId":"3"');
    const second = new OpenCalls(path);
    expect(second.left).toEqual([call('2')]);
    second.end('2');
    second.stop();
    expect(new OpenCalls(path).left).toEqual([]);
  });

  it('does not grow with calls that have ended', () => {
    const path = directory();
    const calls = new OpenCalls(path);
    calls.begin(call('kept'));
    for (let n = 0; n < 5_000; n += 1) {
      calls.begin(call(`${n}`));
      calls.end(`${n}`);
    }
    calls.stop();
    expect(new OpenCalls(path).left).toEqual([call('kept')]);
  });
});
