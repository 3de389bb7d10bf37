/**
 * Decisions over HTTP at a steady rate: an open loop, so that a slow answer does not slow the questions down. Times count
 * from when a question should have been sent, so that a client which comes too late hides nothing.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EVALUATION_PATH, evaluationRequest, type EvaluationResponse } from '#access';
import { encodeActivity } from '#activity';
import { loadOrCreateCredentials } from '#authority';
import { Asker, postOf } from './asker.js';
import { CpuTimes } from './cpu.js';
import { AGENTS, calls, dueMs, QUESTIONS, WARM_UP } from './decision-load.js';
import type { Decided, Start } from './decision-reports.js';
import { figure, quantileFigure, type Figure } from './figures.js';
import { Load } from './load.js';
import { produce } from './pipeline.js';
import { startService, type Service } from './processes.js';
import type { Servers } from './servers.js';

/** As fine as timers are: coarser ones would send in bursts and measure how long a burst queues. */
const TICK_MS = 1;
/** More than are ever in use while the authority keeps up. */
const CONNECTIONS = 64;
/** To make all questions in, here and where they are reported. */
const PREPARE_MS = 10_000;
/** Decisions go to the reporting process together: fifty appends a second, as a few busy gateways make. */
const TELL_MS = 20;

export async function benchDecision(servers: Servers): Promise<Figure[]> {
  const load = new Load({ seed: 3, agents: AGENTS, startMs: Date.now(), stepMs: 10 });
  await produce(servers, () => load.next(), 20_000);
  const running: Service[] = [await startService(servers, 'engine', 'engine')];
  try {
    const authority = await startService(servers, 'authority', 'authority');
    running.unshift(authority);
    return figures(await measure(servers, authority, running[1]!));
  } finally {
    for (const service of running) await service.stop();
  }
}

interface Measured {
  times: number[];
  /** How late each question was sent, part of its time. */
  late: number[];
  failed: number;
  refused: number;
  /** Ms of CPU of each process over the measured decisions. */
  cpuMs: Record<string, number>;
}

async function measure(servers: Servers, authority: Service, engine: Service): Promise<Measured> {
  const { url, pid } = authority;
  const config = servers.config();
  const { token } = (await loadOrCreateCredentials(config)).find(({ role }) => role === 'gateway')!;
  const startAtMs = Date.now() + PREPARE_MS;
  const reports = await startReports({ config, startAtMs });
  const questions = calls(startAtMs).map((call) =>
    postOf(url, EVALUATION_PATH, token, evaluationRequest(call, encodeActivity(call))),
  );
  await sleep(startAtMs - Date.now());
  const asker = await Asker.connect(url, CONNECTIONS);
  try {
    const pids = { authority: pid, engine: engine.pid, client: process.pid, reports: reports.pid };
    return await openLoop(asker, questions, reports.tell, new CpuTimes({ ...pids, ...servers.pids }));
  } finally {
    asker.close();
    await reports.end();
  }
}

/** Each call is reported, as a gateway does, so that pending lists are as long as they are in use. */
async function startReports(
  start: Start,
): Promise<{ pid: number; tell: (one: Decided) => void; end: () => Promise<void> }> {
  const child = fork(fileURLToPath(new URL('./decision-reports.ts', import.meta.url)));
  child.send(start);
  await once(child, 'message');
  let decided: Decided[] = [];
  const tell = () => {
    if (decided.length > 0) child.send(decided);
    decided = [];
  };
  const timer = setInterval(tell, TELL_MS);
  const end = async () => {
    clearInterval(timer);
    tell();
    const ended = once(child, 'exit');
    child.send(null as unknown as string);
    await ended;
  };
  return { pid: child.pid!, tell: (one) => void decided.push(one), end };
}

async function openLoop(
  asker: Asker,
  questions: readonly Buffer[],
  tell: (one: Decided) => void,
  cpu: CpuTimes,
): Promise<Measured> {
  const measured: Omit<Measured, 'cpuMs'> = { times: [], late: [], failed: 0, refused: 0 };
  const work: Promise<void>[] = [];
  const startMs = performance.now();
  const lateMs = (number: number) => performance.now() - startMs - dueMs(number);
  const one = async (number: number): Promise<void> => {
    const late = lateMs(number);
    const { status, body } = await asker.ask(questions[number]!);
    const took = lateMs(number);
    if (status !== 200) throw new Error(`${status} ${body}`);
    const { decision, context } = JSON.parse(body) as EvaluationResponse;
    if (number >= WARM_UP) {
      measured.times.push(took);
      measured.late.push(late);
    }
    if (!decision) measured.refused += 1;
    tell([number, decision, context.reason]);
  };
  for (let asked = 0; asked < QUESTIONS; await sleep(TICK_MS)) {
    if (asked >= WARM_UP && !cpu.started) cpu.start();
    for (; asked < QUESTIONS && lateMs(asked) >= 0; asked += 1) {
      work.push(one(asked).catch(() => void (measured.failed += 1)));
    }
  }
  await Promise.all(work);
  return { ...measured, cpuMs: cpu.spent() };
}

function figures({ times, late, failed, refused, cpuMs }: Measured): Figure[] {
  const perDecision = Object.entries(cpuMs).map(([name, ms]) =>
    figure(`decision_cpu_us_${name}`, 'us', [(ms * 1_000) / times.length]),
  );
  return [
    ...[0.5, 0.9, 0.99].map((at) => quantileFigure(`decision_ms_p${at * 100}`, 'ms', times, at)),
    quantileFigure('decision_sent_late_ms_p99', 'ms', late, 0.99),
    figure('decision_failed', 'decisions', [failed]),
    figure('decision_refused', 'decisions', [refused]),
    ...perDecision,
  ];
}
