import { createRequire } from 'node:module';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { TaskView } from '#access';
import { decodeAlert, decodeAudit, decodeGatewayReport, decodeRevocation } from '#activity';
import { TOPICS, type Enforcement, type ToolCall } from '#activity/types';
import { CONTAINMENT_KEYS, decodeContainment } from '#engine';
import { check, decoded, folded } from './checker.js';
import { canRun, openGround, startServices, until, type Ground, type Services } from './ground.js';
import { Agent, type Answer } from './notes.js';
import { readTopic } from './reading.js';

const AUDIENCE = 'story';
/** One agent per telling: what one has done stays with it. */
const agentOf = (telling: string): string => `spiffe://story.test/writer-${telling}`;
const PERSON = 'dana';

/** An agent drifts: what a client, an orchestrator and a person see of it, through real processes. */
describe.skipIf(!canRun(inject('redisServer')))('the story', () => {
  let ground: Ground;
  let services: Services;
  let folder: string;
  let identity: Awaited<ReturnType<typeof makeIdentity>>;
  /** The second pair decides nothing by itself: what the log says is all that stops a call there. */
  let streamed: string[];

  beforeAll(async () => {
    ground = await openGround();
    folder = scratch(ground.cluster.dir);
    identity = await makeIdentity(ground.cluster.dir);
    const settings = { identity: identity.gateway, servers: { files: filesystem(folder) } };
    services = await startServices(ground, () => settings);
    const authorityUrl = services.authorities[1]!.url;
    const gateway = { ...settings, authorityUrl, decide: 'none' };
    const pair = ['streamed-0', 'streamed-1'].map((name) =>
      ground.cluster.start('gateway', name, { gateway }),
    );
    streamed = (await Promise.all(pair)).map(({ url }) => url);
  });
  afterAll(() => ground?.stop());

  const connect = async (telling: string, gateways: string[], task: string): Promise<Agent[]> => {
    const authorization = `Bearer ${await identity.token(agentOf(telling))}`;
    const headers = { authorization, 'x-driftline-task': task };
    return Promise.all(gateways.map((url) => Agent.connect(url, headers, 'files')));
  };
  const read = (agent: Agent, name: string) => agent.call('read_text_file', { path: join(folder, name) });
  const write = (agent: Agent, name: string): Promise<Answer> =>
    agent.call('write_file', { path: join(folder, name), content: 'text\n' });

  const declare = async (telling: string, authority: number): Promise<TaskView> => {
    const scope = { effects: ['read', 'write'], resources: [`${folder}/reports/**`] };
    const who = { agent: agentOf(telling), principal: PERSON };
    const task = { ...who, intent: 'Summarise the reports.', ttlMs: 600_000, scope };
    const { url } = services.authorities[authority]!;
    return (await ground.ask(url, 'orchestrator', 'POST', '/tasks', task)) as TaskView;
  };
  const shown = async (task: string): Promise<TaskView> =>
    (await ground.ask(services.authorities[0]!.url, 'person', 'GET', `/tasks/${task}`)) as TaskView;
  const passCheck = async (task: string): Promise<void> => {
    const evidence = (await shown(task)).evidence.map(({ key }) => key);
    expect(evidence.length).toBeGreaterThan(0);
    const body = { outcome: 'passed', by: PERSON, reason: 'opened by mistake', evidence };
    await ground.ask(services.authorities[1]!.url, 'person', 'POST', `/tasks/${task}/context-checks`, body);
  };
  const end = (task: string) =>
    ground.ask(services.authorities[1]!.url, 'orchestrator', 'DELETE', `/tasks/${task}?by=${PERSON}`);
  const values = async (topic: string): Promise<Buffer[]> =>
    (await readTopic(ground.kafka, topic)).flatMap(({ value }) => value ?? []);

  it('inline: the drifting call never runs, a person lets the work go on, the end is the end', async () => {
    const { task } = await declare('inline', 0);
    const agents = await connect(
      'inline',
      services.gateways.map(({ url }) => url),
      task,
    );
    const [first, second] = agents as [Agent, Agent];
    expect(await read(first, 'reports/q3.md')).toEqual({ refused: false, reason: '' });
    expect((await write(first, 'reports/summary.md')).refused).toBe(false);
    expect((await read(first, 'reports/access.md')).refused).toBe(false);

    const drifting = await write(first, 'website/inline.html');
    expect(drifting).toEqual({ refused: true, reason: 'context-check' });
    expect(existsSync(join(folder, 'website/inline.html')), 'the harm was done').toBe(false);
    await until('the other gateway refuses too', async () => (await write(second, 'reports/x.md')).refused);

    await passCheck(task);
    await until('work goes on', async () => !(await write(second, 'reports/after.md')).refused);
    await end(task);
    await until('a late call is refused', async () => (await read(first, 'reports/q3.md')).refused);
    expect((await read(second, 'reports/q3.md')).refused).toBe(true);
    await Promise.all(agents.map((agent) => agent.close()));
  });

  it('streamed: the drift is reported, and every gateway refuses what follows', async () => {
    const { task } = await declare('streamed', 1);
    const agents = await connect('streamed', streamed, task);
    const [first, second] = agents as [Agent, Agent];
    expect((await read(first, 'reports/q3.md')).refused).toBe(false);
    expect((await read(first, 'reports/access.md')).refused).toBe(false);
    // It passes, unless its own report is answered before it is forwarded.
    await write(first, 'website/streamed.html');
    for (const agent of [first, second])
      await until('it refuses', async () => (await write(agent, 'reports/x.md')).refused);

    const revocations = (await values(TOPICS.revocations)).flatMap((value) => {
      try {
        return decodeRevocation(value);
      } catch {
        return [];
      }
    });
    const ours = revocations.filter((one) => one.task === task);
    expect(ours.length).toBeGreaterThan(0);
    const ids = new Set(ours.map(({ id }) => id));
    const applied = async (): Promise<Set<string>> => {
      const reports = (await values(TOPICS.enforcements)).map(decodeGatewayReport);
      const receipts = reports.filter(
        (one): one is Enforcement => one.type === 'Enforcement' && one.outcome === 'applied',
      );
      return new Set(receipts.filter((one) => ids.has(one.revocation)).map(({ gateway }) => gateway));
    };
    const all = ['gateway-0', 'gateway-1', 'streamed-0', 'streamed-1'];
    await until('all four gateways have receipts', async () => (await applied()).size === all.length);
    expect([...(await applied())].sort()).toEqual(all);
    await until('the engine knows it contained', () => contained(ours[0]!.id));

    const alert = (await values(TOPICS.alerts))
      .map(decodeAlert)
      .find((one) => one.revocation === ours[0]!.id);
    expect(alert).toMatchObject({ agent: `default|${agentOf('streamed')}`, task, level: 'high' });
    expect(alert!.evidence.length).toBeGreaterThan(0);
    await passCheck(task);
    await until('work goes on', async () => !(await write(second, 'reports/after.md')).refused);
    await end(task);
    await until('a late call is refused', async () => (await read(second, 'reports/q3.md')).refused);
    await Promise.all(agents.map((agent) => agent.close()));
  });

  it('is all on the log: what people did, what was refused, and a state that a replay gives again', async () => {
    await ground.cluster.stopAll('gateway');
    await folded(ground);
    await ground.cluster.stopAll('engine');
    const audit = (await values(TOPICS.audit)).map(decodeAudit).filter(({ outcome }) => outcome === 'done');
    const acts = audit.map(({ role, by }) => `${role} ${by.includes(PERSON) || by === role}`);
    expect(acts.filter((act) => act === 'orchestrator true').length).toBeGreaterThanOrEqual(4);
    expect(acts.filter((act) => act === 'person true')).toHaveLength(2);
    const log = (await readTopic(ground.kafka, TOPICS.activity)).map(({ value }) => decoded(value)!);
    const calls = log.filter((one): one is ToolCall => one.type === 'ToolCall');
    const drifting = calls.filter(({ resource }) => resource?.includes('/website/'));
    const said = drifting.map(({ agent, decision, basis }) => [agent, decision, basis]);
    expect(said).toEqual(
      expect.arrayContaining([
        [agentOf('inline'), 'refused', 'assessed'],
        [agentOf('streamed'), 'allowed', 'passed'],
      ]),
    );
    expect(said).toHaveLength(2);
    expect(log.filter(({ type }) => type === 'TaskStarted')).toHaveLength(2);
    expect(log.filter(({ type }) => type === 'ContextChecked')).toHaveLength(2);
    expect(log.filter(({ type }) => type === 'TaskEnded')).toHaveLength(2);
    expect((await check(ground, [], true)).problems).toEqual([]);
  });

  async function contained(revocation: string): Promise<boolean> {
    const names = CONTAINMENT_KEYS.map((key) => `dl:{enforcements/0}:s:${key}`);
    const records = await ground.redis.mgetBuffer(names);
    const snapshot = decodeContainment(records.map((bytes) => bytes && bytes.subarray(12)));
    const tracked = snapshot.tracked.find(({ id }) => id === revocation);
    return tracked !== undefined && tracked.effects.every((effect) => tracked.contained[effect]);
  }
});

function scratch(dir: string): string {
  const folder = join(dir, 'files');
  const files = {
    'reports/q3.md': 'Revenue grew by 4 %.\n',
    'reports/access.md': 'AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n',
    'website/index.html': '<h1>Welcome</h1>\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The official filesystem server, as the shipped policy describes it. */
function filesystem(folder: string): { command: string; args: string[] } {
  const { resolve } = createRequire(import.meta.url);
  const manifest = resolve('@modelcontextprotocol/server-filesystem/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  return { command: process.execPath, args: [join(dirname(manifest), Object.values(bin)[0]!), folder] };
}

/** A trust domain of the test's own, and JWT-SVIDs signed by it. */
async function makeIdentity(dir: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'story', use: 'jwt-svid' };
  const bundleFile = join(dir, 'bundle.json');
  writeFileSync(bundleFile, JSON.stringify({ keys: [jwk], trust_domain: 'story.test', spiffe_sequence: 1 }));
  const token = (agent: string): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'story', typ: 'JWT' })
      .setSubject(agent)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('15m')
      .sign(privateKey);
  return { token, gateway: { audience: AUDIENCE, bundleFile, required: true } };
}
