/** A policy activated while everything runs: validated, on the log, judged with from its record on, and replayed so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpOversight } from '#access';
import { decodeActivity, decodeAudit } from '#activity';
import { TOPICS, type PolicyActivated } from '#activity/types';
import { Config } from '#config';
import { startEngine } from '#engine';
import { baselineText, bundlePolicy, noCounts, sealBaseline, type Policy } from '#policy';
import {
  ask,
  available,
  openGround,
  PARTITIONS,
  quiet,
  readAll,
  tokenOf,
  toolCall,
  type Ground,
} from './harness.js';

const AGENT = 'spiffe://acme.test/agent';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'driftline-policy-'));
  closing.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

/** A policy file, read with what it names. */
function bundleOf(name: string) {
  const path = join(folder(), 'policy.yaml');
  writeFileSync(
    path,
    `name: ${name}
catalogue:
  servers:
    - match: [files]
      tools: { '*': { effect: write } }
responses:
  - { id: ask, of: agent, level: elevated, response: context-check, for: 1h }
`,
  );
  return bundlePolicy(path);
}

/** The same with peers of so many roles. */
function bundleWithBaseline(name: string, roles: number) {
  const { bundle } = bundleOf(name);
  const path = join(folder(), 'policy.yaml');
  const counts = Array.from({ length: roles }, (_, role) => {
    const tools = Array.from({ length: 100 }, (_, tool) => [`server-${role}/tool-${tool}`, tool + 1]);
    return [`role-${role}`, { ...noCounts(), tasks: 100, tools: Object.fromEntries(tools) }];
  });
  writeFileSync(join(path, '..', 'peers.json'), baselineText(sealBaseline(Object.fromEntries(counts))));
  writeFileSync(
    path,
    `${bundle.files[bundle.main]}roles:\n  - { name: role-0, match: [/agent] }\nbaseline: peers.json\n`,
  );
  return bundlePolicy(path);
}

async function open(ground: Ground) {
  const { log, store, policy, tenant } = ground;
  const config = Config.parse({ tenant, engine: { listen: { host: '127.0.0.1', port: 0 } } });
  const engine = await startEngine({ config, log, store, policy, logger: quiet });
  closing.push(() => engine.stop());
  const [one, two] = [await ground.start(), await ground.start()];
  const person = new HttpOversight({ url: one.url, token: tokenOf('person') });
  closing.push(() => person.close());
  const current = async (digest: string) => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      await expect
        .poll(async () => (await store.view(`activity/${partition}`, 'x')).currency?.policy, {
          timeout: 10_000,
        })
        .toBe(digest);
    }
  };
  return { engine, one, two, person, current };
}

const activations = async (ground: Ground): Promise<PolicyActivated[]> =>
  (await readAll(ground.log, TOPICS.activity))
    .map(({ value }) => decodeActivity(value))
    .filter((activity) => activity.type === 'PolicyActivated');

describe.each(available().filter((servers) => servers !== 'redis'))('policies on %s', (servers) => {
  const ground = async (policy?: Policy) => {
    const opened = await openGround(servers, policy);
    closing.push(() => opened.stop());
    return opened;
  };

  it('activates a person’s policy at every authority and partition, numbered and audited', async () => {
    const opened = await ground();
    const { one, two, person, current } = await open(opened);
    await current(opened.policy.digest);
    expect(await person.policy()).toMatchObject({ revision: 1, by: 'configuration' });
    const { policy, bundle } = bundleOf('second');
    const said = { by: 'ada', reason: 'files is catalogued' };
    const view = await person.activatePolicy({ ...bundle, digest: policy.digest, ...said });
    expect(view).toMatchObject({ revision: 2, digest: policy.digest, name: 'second', ...said });
    await current(policy.digest);
    for (const { authority } of [one, two]) {
      await expect
        .poll(async () => (await authority.decide(toolCall(opened.tenant, AGENT))).policy, {
          timeout: 10_000,
        })
        .toBe(policy.digest);
    }
    const second = (await activations(opened)).filter(({ revision }) => revision === 2);
    expect(second).toHaveLength(PARTITIONS);
    for (const record of second) expect(record).toMatchObject({ policy: policy.digest, ...said });
    // Again changes nothing.
    expect((await person.activatePolicy({ ...bundle, digest: policy.digest, ...said })).revision).toBe(2);
    const audits = (await readAll(opened.log, TOPICS.audit)).map(({ value }) => decodeAudit(value));
    const act = { action: 'activate-policy', subject: policy.digest, outcome: 'done', reason: said.reason };
    expect(audits).toContainEqual(expect.objectContaining(act));
  });

  it('refuses a bad policy with every mistake, and the old one stays', async () => {
    const opened = await ground();
    const { person, current, one } = await open(opened);
    const { policy, bundle } = bundleOf('good');
    const said = { by: 'ada', reason: 'a test' };
    const bad = {
      ...bundle,
      files: { [bundle.main]: 'name: bad\nidle: long\nlevels: { elevated: 90, high: 60, critical: 50 }\n' },
    };
    await expect(person.activatePolicy({ ...bad, digest: policy.digest, ...said })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/policy\.yaml:2\S* idle/),
    });
    const twice = {
      ...bundle,
      files: { [bundle.main]: 'name: bad\nidle: long\nlevels: { elevated: no }\n' },
    };
    const refused = await person.activatePolicy({ ...twice, digest: policy.digest, ...said }).catch(String);
    expect(refused).toMatch(/2 mistakes/);
    await expect(person.activatePolicy({ ...bundle, digest: 'f'.repeat(64), ...said })).rejects.toMatchObject(
      {
        code: 'invalid',
        message: expect.stringMatching(/different versions/),
      },
    );
    const impostor = { ...bundle, digest: policy.digest, ...said, by: 'configuration' };
    await expect(person.activatePolicy(impostor)).rejects.toMatchObject({ code: 'invalid' });
    const body = { ...bundle, digest: policy.digest, ...said };
    expect((await ask(one.url, 'gateway', 'POST', '/policy', body)).status).toBe(403);
    expect((await ask(one.url, 'orchestrator', 'POST', '/policy', body)).status).toBe(403);
    await current(opened.policy.digest);
    expect(await person.policy()).toMatchObject({ revision: 1, digest: opened.policy.digest });
  });

  it('numbers activations of two authorities at once, and loses none silently', async () => {
    const opened = await ground();
    const { person, two, current } = await open(opened);
    await current(opened.policy.digest);
    const other = new HttpOversight({ url: two.url, token: tokenOf('person') });
    closing.push(() => other.close());
    const made = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => bundleOf(name));
    const answers = await Promise.allSettled(
      made.map(({ policy, bundle }, i) =>
        (i % 2 ? person : other).activatePolicy({
          ...bundle,
          digest: policy.digest,
          by: `p${i}`,
          reason: 'race',
        }),
      ),
    );
    const done = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const lost = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(done.length).toBeGreaterThan(0);
    for (const error of lost) expect(error).toMatchObject({ code: 'contended' });
    const last = await person.policy();
    expect(last.revision).toBe(1 + done.length);
    await current(last.digest);
  });

  it('takes a policy with as large a baseline as a policy may carry, from a person alone', async () => {
    const { one, person } = await open(await ground());
    const { policy, bundle } = bundleWithBaseline('peers', 190);
    expect(JSON.stringify(bundle).length).toBeGreaterThan(700 * 1024);
    const request = { ...bundle, digest: policy.digest, by: 'nina', reason: 'peers' };

    expect(await ask(one.url, 'orchestrator', 'POST', '/policy', request)).toMatchObject({ code: 'limit' });
    expect(await person.activatePolicy(request)).toMatchObject({ digest: policy.digest, revision: 2 });
  });
});
