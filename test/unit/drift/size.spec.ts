/** The state of an agent stays small, whatever the agent does (design §5). */
import { describe, expect, it } from 'vitest';
import type { ToolCall } from '#activity/types';
import { LIMITS } from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';
import { Story } from './story.js';

const KIB = 1024;
const TOOLS = [
  'read_text_file',
  'list_directory',
  'search_files',
  'get_file_info',
  'write_file',
  'edit_file',
];

function bytesOf(story: Story): number {
  return stateCodec.encode(story.state!).length;
}

function work(story: Story, calls: number, fields: Partial<ToolCall> = {}): void {
  for (let i = 0; i < calls; i++) {
    const tool = TOOLS[i % TOOLS.length] as string;
    story.call({ tool, effect: tool.startsWith('write') ? 'write' : 'read', conversation: null, ...fields });
    story.result({
      tool,
      dataClasses: ['internal', i % 7 === 0 ? 'pii' : 'financial'],
      trust: 'third-party',
      task: fields.task ?? null,
    });
  }
}

describe('size of the state', () => {
  it('is at most 2 KiB between tasks, for an agent with a history', () => {
    const story = new Story(defaultPolicy());
    for (let i = 0; i < 6; i++) {
      story.start(`t3-${i}000000`);
      work(story, 200, { task: `t3-${i}000000` });
      story.end(`t3-${i}000000`);
    }
    expect(bytesOf(story)).toBeLessThanOrEqual(2 * KIB);
  });

  it('is at most 8 KiB with a task open that has been drifting', () => {
    const story = new Story(defaultPolicy());
    work(story, 200);
    const scope = {
      tools: null,
      effects: ['read' as const],
      resources: ['/data/reports/**'],
      destinations: null,
      dataClasses: null,
      estimated: false,
    };
    story.start('t3-4f1d9c', { scope });
    work(story, 100, { task: 't3-4f1d9c', resource: '/data/reports/q3.md' });
    for (let i = 0; i < 5; i++)
      story.call({ task: 't3-4f1d9c', effect: 'write', resource: `/data/website/${i}.html` });
    story.result({ task: 't3-4f1d9c', dataClasses: ['credential'] });
    expect(story.state!.revocations).not.toEqual([]);
    expect(bytesOf(story)).toBeLessThanOrEqual(8 * KIB);
  });

  it('is at most 32 KiB whatever the agent does, with all that it can choose as long as the wire allows', () => {
    const { worst, story } = flood({ task: 24, id: 48, instance: 40, name: 32 });
    expect(story.state!.tasks.length).toBeGreaterThan(LIMITS.implicitTasks);
    expect(story.state!.evidence.length).toBeGreaterThan(LIMITS.evidence / 2);
    expect(story.state!.revocations.length).toBeGreaterThan(LIMITS.revocations / 2);
    expect(worst).toBeLessThanOrEqual(32 * KIB);
  });

  it('encodes even when operators and gateways choose the longest names of the wire too', () => {
    const { worst } = flood({ task: 128, id: 128, instance: 128, name: 64 });
    expect(worst).toBeLessThanOrEqual(64 * KIB);
  });
});

/** Bytes of what operators and gateways choose. What the agent can influence is always at the wire's limit. */
interface Chosen {
  task: number;
  id: number;
  instance: number;
  name: number;
}

function flood(bytes: Chosen): { story: Story; worst: number } {
  const story = new Story(defaultPolicy());
  let worst = 0;
  for (let i = 0; i < 400; i++) {
    const task = long(`t3-${i % 20}-`, bytes.task);
    const who = { instance: long(`gateway-${i % 24}-`, bytes.instance), id: long(`id-${i}-`, bytes.id) };
    const place = { principal: long(`user-${i % 12}`, 2048), conversation: long(`talk-${i % 40}`, 256) };
    const resources = [long('/data/', 150)];
    const scope = {
      tools: [long(`tool-${i}`, 60)],
      effects: ['read' as const],
      resources,
      destinations: null,
      dataClasses: null,
      estimated: false,
    };
    const touched = { server: long(`server-${i % 30}`, bytes.name), tool: long(`tool-${i % 90}-`, 256) };
    const dataClasses = [long(`class-${i % 60}-`, bytes.name), 'credential'];
    const common = { ...who, ...place, ...touched, dataClasses, task: i % 2 ? task : null };
    story.start(task, { ...who, ...place, scope, sequence: 1 + i * 5 });
    const resource = long(`/x/${i}/`, 512);
    story.call({ ...common, sequence: 3 + i * 5, effect: 'send', resource, uncatalogued: i % 5 === 0 });
    story.result({ ...common, sequence: 5 + i * 5, trust: 'third-party' });
    if (i % 4 === 1) story.check(task, 'passed');
    worst = Math.max(worst, bytesOf(story));
  }
  return { story, worst };
}

function long(text: string, bytes: number): string {
  return text.padEnd(bytes, 'x').slice(0, bytes);
}
