/**
 * A call on a task that is over (completed, cancelled, expired) or that this agent never had.
 * Evidence: one piece for late calls and one for unknown tasks, however many there are: naming more tasks adds nothing.
 * Limits: a task forgotten after very many others have ended counts as unknown.
 */
import type { ToolCall } from '#activity/types';
import { NOTHING, type Detector, type Look, type Sighting } from './detector.js';

export const afterlife: Detector = { name: 'afterlife', onCall: late, onRefused: late };

function late(look: Look, call: ToolCall): readonly Sighting[] {
  const { lapse } = look;
  if (lapse === null) return NOTHING;
  const what = `The agent ${call.decision === 'refused' ? 'tried to call' : 'called'} ${call.server}/${call.tool}`;
  const sighting: Sighting =
    lapse === 'unknown'
      ? {
          kind: 'afterlife/unknown',
          share: 1,
          explanation: `${what} on task ${call.task}, which is not a task of this agent.`,
        }
      : {
          kind: 'afterlife/ended',
          share: 1,
          explanation: `${what} on task ${call.task} after it was ${lapse.outcome}.`,
        };
  return [sighting];
}
