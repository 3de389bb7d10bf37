/** A whole Driftline in this process that real agents work through: gateway, log, authority, engine, and a server that plays results. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Authority } from '#access';
import { decodeActivity, partitionOf } from '#activity';
import { agentKey, TOPICS, type Activity } from '#activity/types';
import { startAuthority } from '#authority';
import { Config } from '#config';
import { startEngine, topicSpecs, type RecordedActivity } from '#engine';
import { startGateway } from '#gateway';
import { FingerprintKeys } from '#observation';
import type { Policy } from '#policy';
import { openEmbeddedStore, stateCodec, type StateStore } from '#store';
import { openEmbeddedLog, type Log } from '#stream';
import { TENANT, VALUE_KEY } from '../../apps/driftline/src/evaluate/ground.js';
import type { RecordedCall } from '../../apps/driftline/src/evaluate/runs.js';
import { resultBody } from '../../apps/driftline/src/evaluate/recording.js';
import { quiet, until } from '../gateway/world.js';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'https://gateway.example';

export interface Live {
  authority: Authority;
  /** Risk of each call that the authority was asked about, by the call's id. */
  judged: Map<string, number>;
  /** One call through the gateway; resolves once it and its result are folded. */
  call(agent: string, task: string, call: RecordedCall): Promise<void>;
  /** Everything on the activity topic, in order per partition. */
  log(): Promise<RecordedActivity[]>;
  stop(): Promise<void>;
}

/** `tools`: what the one server behind the gateway lists. */
export async function openLive(policy: Policy, server: string, tools: string[]): Promise<Live> {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-evaluate-'));
  const listen = { port: 0 };
  const config = Config.parse({ dataDir: dir, tenant: TENANT, engine: { listen }, authority: { listen } });
  const log = await openEmbeddedLog({ dir });
  await log.ensureTopics(topicSpecs(config));
  const store = await openEmbeddedStore({ dir });
  const keys = new FingerprintKeys([VALUE_KEY]);
  const parts = { config, log, store, policy, keys, credentials: [], logger: quiet };
  const engine = await startEngine(parts);
  await until(() => engine.health.ready().status === 'ready', 'the engine is ready', 15_000);
  const { authority, stop: stopAuthority } = await startAuthority(parts);
  const judged = new Map<string, number>();
  const tokens = await issuer(dir);
  const upstream = await startServer(tools);
  const servers = { [server]: { url: upstream.url } };
  const settings = Config.parse({ gateway: { listen, servers, identity: tokens.identity } }).gateway;
  const gateway = await startGateway({
    ...parts,
    config: { ...config, gateway: settings },
    authority: watched(authority, judged),
  });
  const url = `${gateway.url}/mcp/${server}`;
  // The gateway learns the tools from somebody else: agents under test need not list them.
  await post(
    url,
    { authorization: `Bearer ${await tokens.of('spiffe://evaluate.example/lister')}` },
    'tools/list',
  );
  const reported = new Map<string, number>();
  return {
    authority,
    judged,
    async call(agent, task, recorded) {
      upstream.play(recorded);
      const headers = { authorization: `Bearer ${await tokens.of(agent)}`, 'x-driftline-task': task };
      await post(url, headers, 'tools/call', { name: recorded.tool, arguments: recorded.args });
      const sequence = (reported.get(agent) ?? 0) + 2;
      reported.set(agent, sequence);
      const isFolded = () => foldedTo(store, log, agent, sequence);
      await until(isFolded, `activity ${sequence} of ${agent} is folded`);
    },
    log: () => recordsOf(log),
    async stop() {
      await gateway.stop();
      await stopAuthority();
      await engine.stop();
      await upstream.stop();
      await store.close();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function foldedTo(store: StateStore, log: Log, agent: string, sequence: number): Promise<boolean> {
  const key = agentKey({ tenant: TENANT, agent, assurance: 'verified' });
  const partition = partitionOf(key, await log.partitions(TOPICS.activity));
  const { state } = await store.view(`activity/${partition}`, key);
  const instances = state === null ? [] : stateCodec.decode(state).instances;
  return instances.some(({ highest }) => highest >= sequence);
}

/** The real authority; what it answers is written down on the way. */
function watched(authority: Authority, judged: Map<string, number>): Authority {
  const decide: Authority['decide'] = async (call) => {
    const decision = await authority.decide(call);
    judged.set(call.id, decision.risk);
    return decision;
  };
  return Object.create(authority, { decide: { value: decide } }) as Authority;
}

async function issuer(dir: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwksFile = join(dir, 'jwks.json');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  writeFileSync(jwksFile, JSON.stringify({ keys: [jwk] }));
  const of = (agent: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setSubject(agent)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  return { identity: { audience: AUDIENCE, issuer: ISSUER, jwksFile }, of };
}

/** Lists its tools, and answers each call with what is to be played. */
async function startServer(names: string[]) {
  let next: RecordedCall | null = null;
  const tools = names.map((name) => ({ name, inputSchema: { type: 'object' } }));
  const answer = ({ id, method }: { id: number; method: string }) =>
    JSON.stringify({ jsonrpc: '2.0', id, result: method === 'tools/list' ? { tools } : resultBody(next!) });
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(answer(message));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    play: (call: RecordedCall) => void (next = call),
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function post(url: string, headers: object, method: string, params: object = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const body = await response.text();
  if (!response.ok || body.includes('dev.driftline/decision')) throw new Error(`${response.status} ${body}`);
}

async function recordsOf(log: Log): Promise<RecordedActivity[]> {
  const records: RecordedActivity[] = [];
  for (let partition = 0; partition < (await log.partitions(TOPICS.activity)); partition += 1) {
    const { start, end } = await log.bounds(TOPICS.activity, partition);
    for (let offset = start; offset < end; offset += 1) {
      const record = await log.readAt(TOPICS.activity, partition, offset);
      const activity: Activity = decodeActivity(record!.value!);
      records.push({ partition, offset, appendTimeMs: record!.appendTimeMs, activity });
    }
  }
  return records;
}
