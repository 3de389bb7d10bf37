/** Tasks, context checks, revocations and lifts: who may, what it does, and that it is audited. */
import { afterEach, describe, expect, it } from 'vitest';
import { HttpAuthority, HttpOversight, type Authority, type TaskView } from '#access';
import { decodeActivity, decodeAudit, decodeCommand, decodeGatewayReport, encodeAlert } from '#activity';
import { agentKey, TOPICS, type Activity, type Alert, type Audit, type Revocation } from '#activity/types';
import {
  ask,
  available,
  NARROW,
  openGround,
  readAll,
  strayRead,
  strictPolicy,
  tokenOf,
  toolCall,
  type Ground,
  type Servers,
} from './harness.js';

let ground: Ground | null = null;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await ground?.stop();
  ground = null;
});

const AGENT = 'spiffe://acme.test/agent';

async function open(servers: Servers): Promise<Ground> {
  ground = await openGround(servers, strictPolicy());
  await ground.keepCurrent();
  return ground;
}

function client(url: string, role: 'orchestrator' | 'gateway' | 'person'): HttpAuthority {
  const made = new HttpAuthority({ url, token: tokenOf(role) });
  closing.push(() => made.close());
  return made;
}

function people(url: string): HttpOversight {
  const made = new HttpOversight({ url, token: tokenOf('person') });
  closing.push(() => made.close());
  return made;
}

const start = (by: Authority, more = {}): Promise<TaskView> =>
  by.startTask({
    agent: AGENT,
    principal: 'ada',
    intent: 'tidy up notes.txt',
    scope: NARROW,
    ttlMs: 60_000,
    ...more,
  });

/** Of this test's tenant only: a Kafka of the run is shared. */
async function logged({ log, tenant }: Ground): Promise<Activity[]> {
  const all = (await readAll(log, TOPICS.activity)).map(({ value }) => decodeActivity(value));
  return all.filter((activity) => activity.tenant === tenant);
}

async function audited({ log }: Ground, subject: string): Promise<Audit[]> {
  const all = (await readAll(log, TOPICS.audit)).map(({ value }) => decodeAudit(value));
  return all.filter((audit) => audit.subject.includes(subject));
}

async function revoked({ log, tenant }: Ground): Promise<Revocation[]> {
  const commands = (await readAll(log, TOPICS.revocations)).map(({ key, value }) =>
    decodeCommand(key, value),
  );
  return commands.flatMap((command) =>
    command.kind === 'revocation' && command.revocation.tenant === tenant ? [command.revocation] : [],
  );
}

async function drift(gateway: Authority, task: string): Promise<string[]> {
  for (let n = 0; n < 20; n += 1) {
    const decision = await gateway.decide(strayRead(ground!.tenant, AGENT, task, n));
    if (!decision.allowed) return decision.evidence.map(({ key }) => key);
  }
  throw new Error('twenty reads outside the scope were all allowed');
}

describe.each(available())('tasks on %s', (servers) => {
  it('a task is on the log and known to every authority when it is answered', async () => {
    const ground = await open(servers);
    const [one, two] = [await ground.start(), await ground.start()];
    const view = await start(client(one.url, 'orchestrator'), { kind: 'tidying' });
    expect(view).toMatchObject({
      agent: AGENT,
      principal: 'ada',
      open: true,
      risk: 0,
      level: 'normal',
      scope: NARROW,
    });
    expect(view.task).toMatch(/^t\d+-/);
    expect(await client(two.url, 'gateway').task(view.task)).toMatchObject({ ...view, risk: 0 });
    const [started] = await logged(ground);
    expect(started).toMatchObject({
      type: 'TaskStarted',
      task: view.task,
      sequence: 1,
      pending: true,
      intent: view.intent,
      kind: 'tidying',
    });
    expect(started!.type === 'TaskStarted' && started!.intentValues.length).toBeGreaterThan(0);
    expect(await audited(ground, AGENT)).toEqual([
      expect.objectContaining({
        action: 'start-task',
        by: 'test-orchestrator',
        role: 'orchestrator',
        outcome: 'done',
      }),
    ]);
  });

  it('caps the time to live, turns destinations into fingerprints, and refuses what is too much', async () => {
    const ground = await open(servers);
    const { url } = await ground.start({ maxTaskTtlMs: 5_000 });
    const orchestrator = client(url, 'orchestrator');
    const scope = { ...NARROW, destinations: ['bob@example.com', '0123456789abcdef'] };
    const view = await start(orchestrator, { ttlMs: 9e9, scope });
    expect(view.expiresAt - view.startedAt).toBe(5_000);
    expect(view.scope!.destinations![0]).toMatch(/^[0-9a-f]{16}$/);
    expect(view.scope!.destinations![1]).toBe('0123456789abcdef');
    const many = Array.from({ length: 257 }, (_, n) => `tool-${n}`);
    for (const wrong of [
      { intent: 'x'.repeat(4097) },
      { intent: '\u00e9'.repeat(2049) },
      { kind: 'k'.repeat(65) },
      { kind: '' },
      { scope: { ...NARROW, tools: many } },
      { scope: { ...NARROW, effects: ['fly'] } },
      { scope: { ...NARROW, other: [] } },
      { ttlMs: 0 },
      { agent: 'not a spiffe id' },
      { tenant: 'a|b' },
    ]) {
      await expect(start(orchestrator, wrong)).rejects.toMatchObject({ code: 'invalid' });
    }
    expect((await start(orchestrator, { agent: 'anything', assurance: 'asserted' })).assurance).toBe(
      'asserted',
    );
  });

  it('refuses a task beyond what an agent may have open, instead of opening one that is not kept', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const orchestrator = client(url, 'orchestrator');
    const opened: string[] = [];
    const error = await (async () => {
      for (let n = 0; n < 100; n += 1) opened.push((await start(orchestrator)).task);
    })().catch((failed: unknown) => failed);
    expect(error).toMatchObject({ code: 'limit' });
    expect(opened.length).toBeGreaterThan(4);
    for (const task of opened) expect((await orchestrator.task(task))!.open).toBe(true);
    await orchestrator.endTask(opened[0]!, 'completed', 'ci');
    expect((await start(orchestrator)).open).toBe(true);
  });

  it('an ended task is refused everywhere at once, on the log, and revoked once however often it is ended', async () => {
    const ground = await open(servers);
    const [one, two] = [await ground.start(), await ground.start()];
    const orchestrator = client(one.url, 'orchestrator');
    const { task } = await start(orchestrator);
    await orchestrator.endTask(task, 'cancelled', 'ci');
    const late = await client(two.url, 'gateway').decide(toolCall(ground.tenant, AGENT, { task }));
    expect(late.allowed).toBe(false);
    expect(await client(two.url, 'gateway').task(task)).toMatchObject({ task, open: false });
    await orchestrator.endTask(task, 'cancelled', 'ci');
    const revocations = await revoked(ground);
    expect(revocations).toHaveLength(1);
    expect(revocations[0]).toMatchObject({
      task,
      response: 'revoke-task',
      agent: agentKey({ tenant: ground.tenant, agent: AGENT, assurance: 'verified' }),
    });
    expect(revocations[0]!.until).toBeGreaterThan(Date.now() + 60_000);
    expect((await logged(ground)).filter(({ type }) => type === 'TaskEnded')[0]).toMatchObject({
      task,
      by: 'ci',
      outcome: 'cancelled',
    });
    await expect(orchestrator.endTask('t0-nosuchtask', 'completed', 'ci')).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('an expired task is refused by time alone', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const gateway = client(url, 'gateway');
    const { task } = await start(client(url, 'orchestrator'), { ttlMs: 300 });
    expect((await gateway.decide(toolCall(ground.tenant, AGENT, { task }))).allowed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(await gateway.decide(toolCall(ground.tenant, AGENT, { task }))).toMatchObject({
      allowed: false,
      basis: 'task',
      reason: 'task-expired',
    });
    expect(await gateway.task(task)).toMatchObject({ open: false });
  });

  it('a passed context check clears exactly the evidence shown, and what was not shown keeps its weight', async () => {
    const ground = await open(servers);
    const [one, two] = [await ground.start(), await ground.start()];
    const gateway = client(one.url, 'gateway');
    const person = client(two.url, 'person');
    const { task } = await start(client(one.url, 'orchestrator'));
    await drift(gateway, task);
    const before = (await person.task(task))!;
    const keys = before.evidence.map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(1);
    const check = { outcome: 'passed' as const, by: 'grace', reason: 'looked at it' };
    const after = await person.contextCheck(task, { ...check, evidence: keys.slice(0, 1) });
    expect(after.evidence.map(({ key }) => key)).toEqual(keys.slice(1));
    expect(after.risk).toBeLessThan(before.risk);
    expect(after.risk).toBeGreaterThan(0);
    const cleared = await person.contextCheck(task, { ...check, evidence: keys });
    expect(cleared).toMatchObject({ risk: 0, level: 'normal', evidence: [] });
    expect((await gateway.decide(toolCall(ground.tenant, AGENT, { task }))).allowed).toBe(true);
    const checks = (await logged(ground)).filter(({ type }) => type === 'ContextChecked');
    expect(checks.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(checks[0]).toMatchObject({ by: 'grace', evidence: keys.slice(0, 1), reason: 'looked at it' });
    expect(await audited(ground, task)).toEqual([
      expect.objectContaining({
        action: 'context-check-passed',
        by: 'grace (credential test-person)',
        outcome: 'done',
      }),
      expect.objectContaining({ action: 'context-check-passed' }),
    ]);
  });

  it('a failed context check stops the task', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const { task } = await start(client(url, 'orchestrator'));
    const person = client(url, 'person');
    await person.contextCheck(task, { outcome: 'failed', by: 'grace', reason: 'not this', evidence: [] });
    const decision = await client(url, 'gateway').decide(toolCall(ground.tenant, AGENT, { task }));
    expect(decision).toMatchObject({ allowed: false, response: 'revoke-task' });
  });
});

describe.each(available())('people on %s', (servers) => {
  it('a revocation holds at every authority until it is lifted, and stays lifted', async () => {
    const ground = await open(servers);
    const [one, two] = [await ground.start(), await ground.start()];
    const [desk, other] = [people(one.url), people(two.url)];
    const gateway = client(two.url, 'gateway');
    const revocation = await desk.revoke({ agent: AGENT, by: 'grace', reason: 'odd behaviour' });
    expect(revocation).toMatchObject({ response: 'revoke-agent', until: null, by: 'grace', task: null });
    await expect.poll(async () => (await other.revocations()).map(({ id }) => id)).toContain(revocation.id);
    expect(await gateway.decide(toolCall(ground.tenant, AGENT))).toMatchObject({
      allowed: false,
      basis: 'revocation',
      reason: 'agent-revoked',
      revocation: revocation.id,
      explanation: 'odd behaviour',
    });
    expect((await gateway.decide(toolCall(ground.tenant, `${AGENT}-2`))).allowed).toBe(true);
    await other.lift(revocation.id, 'linus', 'a false alarm');
    await other.lift(revocation.id, 'linus', 'a false alarm');
    expect((await gateway.decide(toolCall(ground.tenant, AGENT))).allowed).toBe(true);
    const third = await ground.start();
    expect(await people(third.url).revocations()).not.toContainEqual(
      expect.objectContaining({ id: revocation.id }),
    );
    const lifts = (await logged(ground)).filter(({ type }) => type === 'RevocationLifted');
    expect(lifts).toEqual([
      expect.objectContaining({ revocation: revocation.id, by: 'linus', reason: 'a false alarm' }),
    ]);
    expect((await audited(ground, revocation.id)).map(({ action, outcome }) => [action, outcome])).toEqual([
      ['lift', 'done'],
      ['lift', 'done'],
    ]);
    await expect(desk.lift('manual:unknown', 'linus', 'x')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('revokes a task, a tool and a server, no wider than said', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const [desk, gateway] = [people(url), client(url, 'gateway')];
    const { task } = await start(client(url, 'orchestrator'));
    const decide = async (more: object) =>
      (await gateway.decide(toolCall(ground.tenant, AGENT, more))).allowed;
    const ofTask = await desk.revoke({ task, by: 'grace', reason: 'x' });
    expect(ofTask).toMatchObject({ response: 'revoke-task', task });
    expect([await decide({ task }), await decide({})]).toEqual([false, true]);
    const ofTool = await desk.revoke({
      server: 'files',
      tools: ['move_file'],
      effects: ['write'],
      by: 'grace',
      reason: 'x',
      untilMs: Date.now() + 60_000,
    });
    expect(ofTool).toMatchObject({ response: 'restrict', agent: null });
    expect([await decide({ tool: 'move_file' }), await decide({})]).toEqual([false, true]);
    await desk.revoke({ server: 'files', by: 'grace', reason: 'x' });
    expect([await decide({}), await decide({ server: 'mail' })]).toEqual([false, true]);
    for (const wrong of [
      {},
      { agent: AGENT, response: 'alert' as const },
      { agent: AGENT, untilMs: 5 },
      { agent: 'nobody' },
    ]) {
      await expect(desk.revoke({ by: 'grace', reason: 'x', ...wrong })).rejects.toMatchObject({
        code: 'invalid',
      });
    }
  });

  it('removes a gateway that died from the set, by name, and audits it', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const instance = `gateway-a-${ground.tenant}`;
    await people(url).removeGateway('a', instance, 'grace', 'its machine is gone');
    const reports = (await readAll(ground.log, TOPICS.enforcements)).filter(({ key }) => key === instance);
    expect(reports.map(({ value }) => decodeGatewayReport(value))).toEqual([
      expect.objectContaining({ type: 'GatewayLeft', gateway: 'a', instance, by: 'grace' }),
    ]);
    expect(await audited(ground, instance)).toEqual([
      expect.objectContaining({ action: 'remove-gateway', outcome: 'done', reason: 'its machine is gone' }),
    ]);
  });

  it('shows an agent as the state and the pending list know it', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const { task } = await start(client(url, 'orchestrator'));
    await drift(client(url, 'gateway'), task);
    const key = agentKey({ tenant: ground.tenant, agent: AGENT, assurance: 'verified' });
    const view = (await people(url).agent(key))!;
    expect(view).toMatchObject({
      key,
      agent: AGENT,
      tasks: [expect.objectContaining({ task, declared: true })],
    });
    expect(view.evidence.length).toBeGreaterThan(1);
    expect(view.pending).toBeGreaterThan(1);
    expect(await people(url).agent(`${ground.tenant}|spiffe://acme.test/never-seen`)).toBeNull();
  });

  it('streams alerts: the recent ones, then each new one, once', async () => {
    const ground = await open(servers);
    const { url } = await ground.start();
    const alert = (n: number): Alert => ({
      id: `${ground.tenant}-alert-${n}`,
      tenant: ground.tenant,
      agent: `${ground.tenant}|${AGENT}`,
      task: null,
      at: Date.now(),
      level: 'high',
      risk: 70,
      title: 'Agent is at high risk',
      explanation: 'line one\nline two',
      evidence: [],
      response: 'alert',
      observed: false,
      revocation: null,
      policy: 'p',
      cause: 'c',
    });
    const publish = (one: Alert) =>
      ground.log.append(TOPICS.alerts, [{ key: one.id, value: encodeAlert(one), partition: 0 }]);
    const desk = people(url);
    const mine = (alerts: Alert[]) =>
      alerts.filter(({ tenant }) => tenant === ground.tenant).map(({ id }) => id);
    await publish(alert(1));
    await publish(alert(1));
    await expect.poll(async () => mine(await desk.alerts())).toEqual([alert(1).id]);
    const seen: Alert[] = [];
    let ended = 0;
    const stop = await desk.followAlerts(
      (one) => seen.push(one),
      () => (ended += 1),
    );
    await publish(alert(2));
    await expect.poll(() => mine(seen)).toEqual([alert(1).id, alert(2).id]);
    expect(seen.at(-1)!.explanation).toBe('line one\nline two');
    stop();
    await expect.poll(() => ended).toBe(1);
  });
});

describe('roles', () => {
  const nothing = {};
  const routes: [string, string, unknown, string[]][] = [
    ['POST', '/access/v1/evaluation', nothing, ['gateway']],
    ['POST', '/activities/pending', nothing, ['gateway']],
    ['POST', '/tasks', nothing, ['orchestrator']],
    ['GET', '/tasks/t0-abcdefgh', undefined, ['orchestrator', 'gateway', 'person']],
    ['DELETE', '/tasks/t0-abcdefgh', undefined, ['orchestrator']],
    ['POST', '/tasks/t0-abcdefgh/context-checks', nothing, ['person']],
    ['GET', '/revocations', undefined, ['person']],
    ['POST', '/revocations', nothing, ['person']],
    ['POST', '/revocations/some-id/lift', nothing, ['person']],
    ['POST', '/gateways/gateway-a-0123/removal', nothing, ['person']],
    ['GET', '/alerts', undefined, ['person']],
    ['GET', '/agents/acme%7Cspiffe%3A%2F%2Facme.test%2Fa', undefined, ['person']],
  ];

  it('each route is for its roles alone, and nobody without a credential gets anywhere', async () => {
    const ground = await open('embedded');
    const { url } = await ground.start();
    const wrong: string[] = [];
    for (const [method, path, body, allowed] of routes) {
      for (const role of [null, 'orchestrator', 'gateway', 'person'] as const) {
        const { status } = await ask(url, role, method, path, body);
        const expected = role === null ? [401] : allowed.includes(role) ? [200, 400, 404] : [403];
        if (!expected.includes(status)) wrong.push(`${method} ${path} by ${role}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
    expect((await ask(url, 'person', 'GET', '/no/such/route')).status).toBe(404);
    for (const path of ['/health', '/ready', '/metrics'])
      expect((await ask(url, null, 'GET', path)).status).toBe(200);
    const tried = (await audited(ground, '/revocations')).filter(({ outcome }) => outcome === 'refused');
    expect(tried.map(({ by }) => by)).toContain('test-gateway');
  });
});
