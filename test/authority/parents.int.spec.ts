/** A child task starts with what its parent was exposed to, also where the parent is another agent's. */
import { afterEach, describe, expect, it } from 'vitest';
import { HttpAuthority } from '#access';
import { decodeActivity } from '#activity';
import { TOPICS, type TaskStarted } from '#activity/types';
import { available, openGround, readAll, tokenOf, toolCall, toolResult, type Ground } from './harness.js';

let ground: Ground | null = null;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await ground?.stop();
  ground = null;
});

const PARENT = 'spiffe://acme.test/planner';
const CHILD = 'spiffe://acme.test/mailer';
const asked = { principal: 'ada', intent: 'tell the team', scope: null, ttlMs: 60_000 };

function client(url: string, role: 'orchestrator' | 'gateway'): HttpAuthority {
  const made = new HttpAuthority({ url, token: tokenOf(role) });
  closing.push(() => made.close());
  return made;
}

async function startOf({ log }: Ground, task: string): Promise<TaskStarted | undefined> {
  const all = (await readAll(log, TOPICS.activity)).map(({ value }) => decodeActivity(value));
  return all.find((one): one is TaskStarted => one.type === 'TaskStarted' && one.task === task);
}

describe.each(available())('parents on %s', (servers) => {
  it('what the parent read is on the log with the child and counts against its first way out', async () => {
    ground = await openGround(servers);
    await ground.keepCurrent();
    const { url } = await ground.start();
    const [orchestrator, gateway] = [client(url, 'orchestrator'), client(url, 'gateway')];
    const parent = await orchestrator.startTask({ ...asked, agent: PARENT });
    const read = toolCall(ground.tenant, PARENT, { task: parent.task, effect: 'read' });
    await gateway.pend(toolResult(read, { dataClasses: ['credential'], trust: 'third-party' }));

    const child = await orchestrator.startTask({ ...asked, agent: CHILD, parentTask: parent.task });
    const exposure = (await startOf(ground, child.task))?.exposure.map(({ what, name }) => `${what} ${name}`);
    expect(exposure?.toSorted()).toEqual(['class credential', 'trust third-party']);

    const destination = { place: 'external' as const, print: '00000000000000aa' };
    const send = { effect: 'send' as const, tool: 'send_email', destination, resource: null };
    const sent = await gateway.decide(toolCall(ground.tenant, CHILD, { ...send, task: child.task }));
    expect(sent.evidence.map(({ detector }) => detector)).toContain('exposure');
    const free = await orchestrator.startTask({ ...asked, agent: CHILD, principal: 'erin' });
    const other = await gateway.decide(
      toolCall(ground.tenant, CHILD, { ...send, principal: 'erin', task: free.task }),
    );
    expect(
      other.evidence.filter(({ detector, task }) => detector === 'exposure' && task === free.task),
    ).toEqual([]);
  });

  it('a parent that nobody knows, or of another tenant, is refused', async () => {
    ground = await openGround(servers);
    await ground.keepCurrent();
    const { url } = await ground.start();
    const orchestrator = client(url, 'orchestrator');
    await expect(
      orchestrator.startTask({ ...asked, agent: CHILD, parentTask: 't0-none' }),
    ).rejects.toMatchObject({
      code: 'invalid',
    });
    const elsewhere = await orchestrator.startTask({ ...asked, agent: PARENT, tenant: 'another' });
    await expect(
      orchestrator.startTask({ ...asked, agent: CHILD, parentTask: elsewhere.task }),
    ).rejects.toMatchObject({ code: 'invalid' });
  });
});
