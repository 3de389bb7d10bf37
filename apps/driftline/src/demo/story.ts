/**
 * The story, told twice: a declared task reads, reads something sensitive, then tries to write outside what was approved.
 * Inline, the first drifting call is refused. Streamed, it is reported, the revocation follows, and every gateway refuses.
 * Then a person passes a context check and work goes on; the task ends and a late call is refused.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority, TaskView } from '#access';
import type { Runtime } from '../runtime.js';
import { EXAMPLE_SERVER, exampleFolder, filesystemServer } from '../example.js';
import { startServices } from '../services.js';
import { DemoAgent, type CallOutcome } from './agent.js';
import { demoIdentity } from './identity.js';
import type { Narrator } from './narrator.js';
import { Watcher } from './watcher.js';

const PERSON = 'dana';
const TASK_TTL_MS = 600_000;
/** A step that takes longer than this has failed. */
const STEP_DEADLINE_MS = 15_000;
const GATEWAYS = ['gateway-a', 'gateway-b'];

export interface StoryOutcome {
  /** The drifting write reached the folder. */
  harmDone: boolean;
  /** Time of the drifting call from the agent's side, until it was answered. */
  decisionMs: number;
  /** From the report of the drifting call on the log to the first call refused, one per gateway. */
  enforcedMs: number[];
  /** Every gateway acknowledged the revocation. */
  contained: boolean;
  /** After the passed context check a call within the task went through. */
  resumed: boolean;
  /** After its end a late call was refused. */
  lateRefused: boolean;
}

interface Stage {
  authority: Authority;
  agents: DemoAgent[];
  watcher: Watcher;
  narrator: Narrator;
  folder: string;
  task: TaskView;
}

export async function tell(
  mode: 'inline' | 'streamed',
  runtime: Runtime,
  narrator: Narrator,
  onFatal: (error: Error) => void,
): Promise<StoryOutcome> {
  const folder = exampleFolder(runtime.config.dataDir);
  const identity = await demoIdentity(runtime.config.dataDir, `report-writer-${Date.now().toString(36)}`);
  const services = await startServices(
    runtime,
    GATEWAYS.map((id) => ({
      id: `${id}-${mode}`,
      listen: { host: '127.0.0.1', port: 0 },
      servers: {
        [EXAMPLE_SERVER]: { ...runtime.config.gateway.servers[EXAMPLE_SERVER]!, ...filesystemServer(folder) },
      },
      identity: identity.gateway,
      decide: mode === 'inline' ? ('policy' as const) : ('none' as const),
    })),
    onFatal,
  );
  const watcher = new Watcher();
  const { authority } = services.authority;
  const agents: DemoAgent[] = [];
  try {
    await watcher.start(runtime.log, onFatal);
    const task = await declare(authority, identity.agent, folder, narrator);
    for (const { url } of services.gateways) {
      agents.push(await DemoAgent.connect(`${url}/mcp/${EXAMPLE_SERVER}`, identity.token, task.task));
    }
    const stage: Stage = { authority, agents, watcher, narrator, folder, task };
    return await play(mode, stage);
  } finally {
    await Promise.all(agents.map((agent) => agent.close()));
    await watcher.stop();
    await services.stop();
  }
}

async function declare(
  authority: Authority,
  agent: string,
  folder: string,
  narrator: Narrator,
): Promise<TaskView> {
  const task = await authority.startTask({
    agent,
    principal: PERSON,
    intent: 'Write the summary of the third quarter from the files under reports.',
    scope: {
      tools: null,
      effects: ['read', 'write'],
      resources: [`${folder}/reports/**`],
      destinations: null,
      dataClasses: null,
      estimated: false,
    },
    ttlMs: TASK_TTL_MS,
  });
  narrator.say(`task ${task.task} declared for ${agent}: read and write under reports/, for 10 minutes`);
  return task;
}

async function play(mode: 'inline' | 'streamed', stage: Stage): Promise<StoryOutcome> {
  const { narrator, folder } = stage;
  await step(stage, 'read_text_file', { path: join(folder, 'reports/q3.md') });
  await step(stage, 'write_file', {
    path: join(folder, 'reports/summary.md'),
    content: 'Revenue grew by 4 %.\n',
  });
  await step(stage, 'read_text_file', { path: join(folder, 'secrets/deploy.env') });
  const target = join(folder, 'website/index2.html');
  const started = Date.now();
  const polling = mode === 'streamed' ? pollUntilRefused(stage) : null;
  const drifting = await step(stage, 'write_file', { path: target, content: 'taken over\n' });
  // Inline, the refusal is on the log like everything else, and the revocation that follows reaches both.
  const refusals = await (polling ?? pollUntilRefused(stage));
  const reportedAt = await reported(stage, target, started);
  const contained = await acknowledged(stage);
  narrator.say(contained ? 'both gateways have acknowledged the revocation' : 'NOT contained');
  return {
    harmDone: existsSync(target),
    decisionMs: drifting.tookMs,
    enforcedMs: refusals.map((refusal) => Math.max(0, refusal.at - reportedAt)),
    contained,
    resumed: await resume(stage),
    lateRefused: await endAndTryAgain(stage),
  };
}

async function step(stage: Stage, tool: string, args: Record<string, unknown>): Promise<CallOutcome> {
  const outcome = await stage.agents[0]!.call(tool, args);
  stage.narrator.call(tool, String(args['path']).slice(stage.folder.length + 1), outcome);
  await stage.narrator.risk(stage.authority, stage.task.task);
  return outcome;
}

/** A harmless write within the task, again and again at each gateway, until it is refused there. */
function pollUntilRefused(stage: Stage): Promise<CallOutcome[]> {
  return Promise.all(
    stage.agents.map(async (agent, index) => {
      const end = Date.now() + STEP_DEADLINE_MS;
      for (;;) {
        const path = join(stage.folder, `reports/progress-${index}.md`);
        const outcome = await agent.call('write_file', { path, content: 'still working\n' });
        if (outcome.refused) {
          stage.narrator.call('write_file', `reports/progress-${index}.md at gateway ${index + 1}`, outcome);
          return outcome;
        }
        if (Date.now() > end) throw new Error(`gateway ${index + 1} never refused`);
      }
    }),
  );
}

async function reported(stage: Stage, target: string, since: number): Promise<number> {
  const call = await stage.watcher.until(
    () => stage.watcher.calls.find(({ value }) => value.resource === target && value.time >= since - 1),
    STEP_DEADLINE_MS,
  );
  if (call === null) throw new Error('the drifting call is not on the log');
  return call.appendedAt;
}

async function acknowledged(stage: Stage): Promise<boolean> {
  const { watcher, task, narrator } = stage;
  const revocation = await watcher.until(
    () => watcher.revocations.find(({ value }) => value.task === task.task),
    STEP_DEADLINE_MS,
  );
  if (revocation === null) return false;
  narrator.revocation(revocation.value);
  const applied = await watcher.until(() => {
    const receipts = watcher.enforcements.filter(
      ({ value }) => value.revocation === revocation.value.id && value.outcome === 'applied',
    );
    return new Set(receipts.map(({ value }) => value.gateway)).size >= GATEWAYS.length ? true : undefined;
  }, STEP_DEADLINE_MS);
  return applied === true;
}

/** A person looks at the evidence, passes the check, and the work within the task goes on. */
async function resume(stage: Stage): Promise<boolean> {
  const { authority, task, agents, narrator, folder } = stage;
  const shown = await authority.task(task.task);
  await authority.contextCheck(task.task, {
    outcome: 'passed',
    by: PERSON,
    reason: 'the deploy file was opened by mistake; nothing left the folder',
    evidence: (shown?.evidence ?? []).map(({ key }) => key),
  });
  narrator.say(
    `${PERSON} passes a context check on the ${shown?.evidence.length ?? 0} pieces of evidence shown`,
  );
  await narrator.risk(authority, task.task);
  const end = Date.now() + STEP_DEADLINE_MS;
  for (;;) {
    const path = join(folder, 'reports/summary.md');
    const outcome = await agents[1]!.call('write_file', {
      path,
      content: 'Revenue grew by 4 %. Tickets: 1,204.\n',
    });
    if (!outcome.refused || Date.now() > end) {
      narrator.call('write_file', 'reports/summary.md', outcome);
      return !outcome.refused;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function endAndTryAgain(stage: Stage): Promise<boolean> {
  const { authority, task, agents, narrator, folder } = stage;
  await authority.endTask(task.task, 'completed', PERSON);
  narrator.say('the task is done and ends');
  const end = Date.now() + STEP_DEADLINE_MS;
  for (;;) {
    const outcome = await agents[0]!.call('read_text_file', { path: join(folder, 'reports/q3.md') });
    if (outcome.refused || Date.now() > end) {
      narrator.call('read_text_file', 'reports/q3.md', outcome);
      return outcome.refused;
    }
  }
}
