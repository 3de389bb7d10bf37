/** What a task has come to since it was approved: its child starts with its exposure, and its renewal falls due. */
import { afterEach, describe, expect, it } from 'vitest';
import { HttpAuthority, HttpOversight, type Role } from '#access';
import { decodeActivity } from '#activity';
import { agentKey, TOPICS, type TaskStarted } from '#activity/types';
import { defaultPolicy } from '#policy';
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

function client(url: string, role: Role): HttpAuthority {
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

describe.each(available())('approvals on %s', (servers) => {
  it('task, agent and decision say how far the approval has moved, and when a renewal is due', async () => {
    const shipped = defaultPolicy();
    const gap = shipped.detectors['approval-gap']!;
    const eager = { ...gap, options: { ...gap.options, renewalDue: 0.1 } };
    const policy = { ...shipped, detectors: { ...shipped.detectors, 'approval-gap': eager } };
    ground = await openGround(servers, policy);
    await ground.keepCurrent();
    const { url } = await ground.start();
    const [orchestrator, gateway] = [client(url, 'orchestrator'), client(url, 'gateway')];
    const people = new HttpOversight({ url, token: tokenOf('person') });
    closing.push(() => people.close());
    const { task, ...started } = await orchestrator.startTask({ ...asked, agent: PARENT });
    expect(started).toMatchObject({ renewalDue: false });
    expect(started.approvalGap).toBeLessThan(0.01);

    const read = toolCall(ground.tenant, PARENT, { task, effect: 'read' });
    await gateway.pend(toolResult(read, { trust: 'third-party', dataClasses: [] }));
    const decision = await gateway.decide(toolCall(ground.tenant, PARENT, { task }));
    expect(decision).toMatchObject({ allowed: true, renewalDue: true });
    expect(decision.approvalGap).toBeGreaterThan(0.1);
    const key = agentKey({ tenant: ground.tenant, agent: PARENT, assurance: 'verified' });
    expect(await people.agent(key)).toMatchObject({ renewalDue: true, tasks: [{ task, renewalDue: true }] });

    const check = { outcome: 'passed' as const, by: 'grace', reason: 'still the same work', evidence: [] };
    const renewed = await client(url, 'person').contextCheck(task, check);
    expect(renewed).toMatchObject({ renewalDue: false });
    expect(renewed.approvalGap).toBeLessThan(0.01);
  });
});
