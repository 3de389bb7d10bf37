import { createCodec, type Codec } from '#activity';
import type { AgentState } from '#drift';
import { STATE_MAX_BYTES } from './limits.js';

const records: Codec<AgentState> = createCodec<AgentState>('agent-state', { maxBytes: STATE_MAX_BYTES });

/**
 * State ↔ bytes, by `schemas/agent-state.avsc`; states that older schemas wrote are read too. Throws `EncodeError` for
 * what is beyond a limit of the schema, `DecodeError` for bytes that are no state. What follows from the rest of a piece
 * of evidence is not written down: it is most of what an agent with a past has.
 */
export const stateCodec: Codec<AgentState> = {
  encode: (state) => records.encode(abridged(state)),
  decode: (bytes) => completed(records.decode(bytes)),
  problems: (state) => records.problems(state),
};

type Piece = AgentState['evidence'][number];

function abridged(state: AgentState): AgentState {
  if (state.evidence.length === 0) return state;
  const evidence = state.evidence.map((piece) => ({
    ...piece,
    key: piece.key === keyFrom(piece) ? '' : piece.key,
    detector: piece.detector === detectorFrom(piece) ? '' : piece.detector,
  }));
  return { ...state, evidence };
}

/** Fills in what was left out. Changes the state, which nobody else has yet. */
function completed(state: AgentState): AgentState {
  for (const piece of state.evidence) {
    if (piece.key === '') piece.key = keyFrom(piece);
    if (piece.detector === '') piece.detector = detectorFrom(piece);
  }
  return state;
}

function keyFrom({ kind, task }: Piece): string {
  return `${kind}@${task ?? ''}`;
}

/** A kind starts with its detector's name, apart from remainders. */
function detectorFrom({ kind }: Piece): string {
  const end = kind.indexOf('/');
  return end < 0 ? kind : kind.slice(0, end);
}
