/** The policy file of a single-machine Driftline, watched while it runs: whoever edits it is the operator. */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadPolicy, type Policy } from '#policy';

/** How often the file is looked at. By time and size, not by events: editors replace files, and mounts send none. */
const LOOK_EVERY_MS = 1_000;

export interface PolicyFileEvents {
  /** The file says a valid policy now. Throws what refuses it. */
  changed(policy: Policy): Promise<void>;
  /** What became of it, in words. */
  say(text: string): void;
}

/** Until the returned function is called. A bad file is said with every mistake, and what judges stays. */
export function watchPolicyFile(
  path: string,
  { changed, say }: PolicyFileEvents,
  everyMs = LOOK_EVERY_MS,
): () => void {
  /** One edit after the other: the last one wins. */
  let turn: Promise<void> = Promise.resolve();
  let last: string | null = null;
  const read = async () => {
    // Half written, or not there at all for a moment: most editors are done after one more look.
    await sleep(everyMs);
    try {
      const policy = loadPolicy(path);
      if (policy.digest === last) return;
      await changed(policy);
      last = policy.digest;
      say(`policy "${policy.name}" (${policy.digest.slice(0, 12)}) read from ${path} judges from now on`);
    } catch (error) {
      last = null;
      say(`${path} changed and is not used, what judged before goes on: ${(error as Error).message}`);
    }
  };
  // Looked at once before this returns, so that no edit after it is taken for the state it began with.
  let seen = stampOf(path);
  const look = () => {
    const now = stampOf(path);
    if (now === seen) return;
    seen = now;
    turn = turn.then(read);
  };
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}

/** Changes with every edit, and when another file takes its place; empty where none can be seen: reading it says why. */
function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino}/${mtimeMs}/${size}`;
  } catch {
    return '';
  }
}
