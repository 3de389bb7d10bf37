/** Small tools of the infra scripts: find programs, free ports, and start and stop processes by their own pid. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Everything these scripts download or write is in here; it is not under version control. */
export const CACHE_DIR = join(root, '.cache');
const SERVERS_DIR = join(CACHE_DIR, 'infra', 'servers');

export const say = (line) => process.stdout.write(`${line}\n`);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Path of a program, or '' when it is not there. */
export function which(program) {
  for (const dir of [...(process.env.PATH ?? '').split(':'), '/usr/bin', '/usr/sbin', '/usr/local/bin']) {
    if (dir && existsSync(join(dir, program))) return join(dir, program);
  }
  return '';
}

/** Runs a program to its end; says what it runs; throws with its output when it fails. */
export function run(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', ...options });
  if (done.status === 0) return done.stdout ?? '';
  const why = done.error?.message ?? `${done.stdout ?? ''}${done.stderr ?? ''}`.trim().slice(-2_000);
  throw new Error(`${program} ${args.join(' ')} failed: ${why}`);
}

/** Installs Debian packages when this is Debian and we are root; false when that is not so. */
export function aptInstall(packages) {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false;
  say(`infra: installing ${packages.join(', ')} with apt-get`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  run('apt-get', ['update', '-qq'], options);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  return true;
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** True when somebody accepts connections there. */
export function answers(host, port, timeoutMs = 1_000) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Waits until `check` answers true. Throws after `timeoutMs`, or at once when `alive` says that waiting is in vain. */
export async function waitFor(what, check, timeoutMs, alive = () => true) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await check()) return;
    if (!alive()) throw new Error(`${what}: the process ended before it answered`);
    await sleep(50);
  }
  throw new Error(`${what}: no answer within ${timeoutMs} ms`);
}

/** Start time of a process in clock ticks since boot: with it a pid cannot be mistaken for a later process's. */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : fields[19];
  } catch {
    // No such process, or no /proc: without a start time a pid is not trusted.
    return '';
  }
}

export const isAlive = ({ pid, started }) => startTime(pid) !== '' && startTime(pid) === started;

/**
 * Starts a server and remembers it, so that a later run can end it when its parent died without doing so.
 * `keep` = it outlives this process (infra:up).
 */
export function startServer(program, args, { cwd, logFile, keep = false, env }) {
  mkdirSync(dirname(logFile), { recursive: true });
  mkdirSync(SERVERS_DIR, { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(program, args, {
    cwd,
    env: env ?? process.env,
    detached: keep,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  if (keep) child.unref();
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  const server = { pid: child.pid, started: startTime(child.pid) };
  const parent = keep ? null : { pid: process.pid, started: startTime(process.pid) };
  const note = join(SERVERS_DIR, `${server.pid}.json`);
  writeFileSync(note, JSON.stringify({ ...server, parent, program }));
  child.once('exit', () => rmSync(note, { force: true }));
  return server;
}

/** Ends a server by its own pid: politely, and after `graceMs` by force. Resolves when it is gone. */
export async function stopServer(server, { graceMs = 5_000, signal = 'SIGTERM' } = {}) {
  if (isAlive(server)) process.kill(server.pid, signal);
  const deadline = Date.now() + graceMs;
  while (isAlive(server) && Date.now() < deadline) await sleep(20);
  if (isAlive(server)) process.kill(server.pid, 'SIGKILL');
  while (isAlive(server)) await sleep(20);
  rmSync(join(SERVERS_DIR, `${server.pid}.json`), { force: true });
}

/** Ends servers whose parent is gone (a killed test run), and forgets those that are gone themselves. */
export async function reapOrphans() {
  if (!existsSync(SERVERS_DIR)) return;
  for (const name of readdirSync(SERVERS_DIR)) {
    const note = readNote(join(SERVERS_DIR, name));
    if (note === null) continue;
    if (!isAlive(note)) rmSync(join(SERVERS_DIR, name), { force: true });
    else if (note.parent !== null && !isAlive(note.parent)) {
      say(`infra: ending ${note.program} (${note.pid}), left over by a run that is gone`);
      await stopServer(note);
    }
  }
}

function readNote(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Removed meanwhile by the run it belongs to, or half written: that run is alive and looks after it.
    return null;
  }
}
