/**
 * Much at once, or more and more: bursts of calls, many different targets, one call going round and round, bytes and records
 * far beyond what is usual, and rises too slow for any of these (CUSUM over windows of ten minutes).
 * Evidence: one piece per quantity and task, by how many times the limit is exceeded; together they stay short of stopping a call.
 * Limits: what is usual is the agent's own once it has enough windows, its peers' before that, and policy's floor where neither
 * is known; below the floor nothing is said; targets are counted to a few per cent; loops of up to four calls are seen.
 */
import type { ToolCall } from '#activity/types';
import { peersOf, type Measure } from '../peers.js';
import {
  callsWith,
  isWindowOver,
  LEAST_SPREAD,
  loopAt,
  RISE_MAX,
  riseAfter,
  signatureOf,
  targetsWith,
} from '../rate.js';
import { targetOf } from '../targets.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

/** A quantity of a window: which it is, what is said of it, its floor by policy, where peers know it. */
interface Volume {
  quantity: number;
  kind: string;
  noun: string;
  floor: 'calls' | 'targets' | 'bytesOut' | 'bytesIn' | 'records';
  measure: Measure;
}
const CALLS = {
  quantity: 0,
  kind: 'calls',
  noun: 'calls',
  floor: 'calls',
  measure: 'callsPerWindow',
} as const;
const BYTES_OUT = {
  quantity: 1,
  kind: 'bytes-out',
  noun: 'bytes of arguments',
  floor: 'bytesOut',
  measure: 'argumentBytesPerWindow',
} as const;
const BYTES_IN = {
  quantity: 2,
  kind: 'bytes-in',
  noun: 'bytes of results',
  floor: 'bytesIn',
  measure: 'resultBytesPerWindow',
} as const;
const RECORDS = {
  quantity: 3,
  kind: 'records',
  noun: 'records',
  floor: 'records',
  measure: 'recordsPerWindow',
} as const;
const TARGETS = {
  quantity: 4,
  kind: 'targets',
  noun: 'different targets',
  floor: 'targets',
  measure: 'targetsPerWindow',
} as const;
const VOLUMES: readonly Volume[] = [CALLS, BYTES_OUT, BYTES_IN, RECORDS, TARGETS];

const PEER_QUANTILE = 0.99;
/** Where it is known what is usual, that much of the floor is enough to speak. */
const KNOWN_FLOOR = 1 / 8;
/** At the limit a piece weighs this share; twice as much adds the step. */
const SHARE_AT_LIMIT = 0.3;
const SHARE_PER_DOUBLING = 0.35;
/** Reading the same thing again is often waiting for it to change. */
const READ_LOOP_SHARE = 0.5;
const RISE_SHARE = 0.6;

export const rate: Detector = {
  name: 'rate',
  onCall(look, call) {
    const { rate } = look.state;
    const over = isWindowOver(rate, look.now);
    let seen: Sighting[] | null = over ? rises(look) : null;
    const add = (sighting: Sighting | null) => {
      if (sighting !== null) (seen ??= []).push(sighting);
    };
    add(burst(look));
    add(loop(look, call));
    add(volume(look, CALLS, 1 + (over ? 0 : rate.windowCalls)));
    add(volume(look, BYTES_OUT, call.argumentsBytes + (over ? 0 : rate.windowArgumentBytes)));
    const target = targetOf(call);
    if (target !== null && !over) add(volume(look, TARGETS, targetsWith(rate, target)));
    return seen ?? NOTHING;
  },
  onResult(look, result) {
    const { rate } = look.state;
    const over = isWindowOver(rate, look.now);
    let seen: Sighting[] | null = over ? rises(look) : null;
    const bytes = volume(look, BYTES_IN, result.resultBytes + (over ? 0 : rate.windowResultBytes));
    if (bytes !== null) (seen ??= []).push(bytes);
    const records = volume(look, RECORDS, result.records + (over ? 0 : rate.windowRecords));
    if (records !== null) (seen ??= []).push(records);
    return seen ?? NOTHING;
  },
};

function burst(look: Look): Sighting | null {
  const limit = option(look.settings, 'burst');
  // The count only shrinks with time, so that most calls are known to be few without working it out.
  if (look.state.rate.calls + 1 < limit) return null;
  const calls = callsWith(look.state.rate, look.now);
  if (calls < limit) return null;
  const explanation = `About ${Math.round(calls)} calls within a minute or two.`;
  return { kind: 'rate/burst', share: shareOf(calls, limit), explanation };
}

function loop(look: Look, call: ToolCall): Sighting | null {
  const { rate } = look.state;
  const limit = option(look.settings, 'loop');
  if (rate.loopCount + 1 < limit || signatureOf(call) !== rate.loop) return null;
  const count = loopAt(rate, look.now) + 1;
  if (count < limit) return null;
  const explanation = `The agent keeps calling ${call.server}/${call.tool} with the same values, about ${Math.round(count)} times by now.`;
  const share = shareOf(count, limit) * (call.effect === 'read' ? READ_LOOP_SHARE : 1);
  return { kind: 'rate/loop', share, explanation };
}

function volume(look: Look, of: Volume, total: number): Sighting | null {
  const floor = option(look.settings, of.floor);
  if (total < floor * KNOWN_FLOOR) return null;
  const usual = usualOf(look, of);
  const limit =
    usual === null ? floor : Math.max(floor * KNOWN_FLOOR, usual * option(look.settings, 'factor'));
  if (total < limit) return null;
  const than = usual === null ? '' : `, where ${Math.round(usual)} are usual`;
  const explanation = `${Math.round(total)} ${of.noun} within ten minutes${than}.`;
  return { kind: `rate/${of.kind}`, share: shareOf(total, limit), explanation };
}

/** What a busy window has: the agent's own once there are enough of them, its peers' before that; null = not known. */
function usualOf({ state, policy, settings }: Look, { quantity, measure }: Volume): number | null {
  const { rate } = state;
  if (rate.windows >= option(settings, 'matureWindows')) {
    const spread = Math.max(LEAST_SPREAD, rate.spread[quantity] as number);
    return 2 ** ((rate.usual[quantity] as number) + spread) - 1;
  }
  const peers = peersOf(policy, state);
  if (peers === null || peers.tasks < option(settings, 'matureTasks')) return null;
  return peers.quantile(measure, PEER_QUANTILE);
}

/** Looked at once a window, when the next one opens. */
function rises({ state, settings }: Look): Sighting[] | null {
  if (state.rate.windows < option(settings, 'matureWindows')) return null;
  const limit = option(settings, 'rise');
  const seen: Sighting[] = [];
  for (const { quantity, kind, noun } of VOLUMES) {
    const rise = riseAfter(state.rate, quantity);
    if (rise < limit) continue;
    const share = Math.min(1, RISE_SHARE + ((1 - RISE_SHARE) * (rise - limit)) / (RISE_MAX - limit));
    const explanation = `More and more ${noun}, window after window, than this agent used to have.`;
    seen.push({ kind: `rate/rise/${kind}`, share, explanation });
  }
  return seen.length === 0 ? null : seen;
}

function shareOf(amount: number, limit: number): number {
  return Math.min(1, SHARE_AT_LIMIT + SHARE_PER_DOUBLING * Math.log2(amount / limit));
}
