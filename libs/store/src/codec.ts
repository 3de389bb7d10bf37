import { createCodec, type Codec } from '#activity';
import type { AgentState } from '#drift';
import { STATE_MAX_BYTES } from './limits.js';

/**
 * State ↔ bytes, by `schemas/agent-state.avsc`; states that older schemas wrote are read too. Throws `EncodeError` for
 * what is beyond a limit of the schema, `DecodeError` for bytes that are no state.
 */
export const stateCodec: Codec<AgentState> = createCodec<AgentState>('agent-state', {
  maxBytes: STATE_MAX_BYTES,
});
