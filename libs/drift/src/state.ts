/** What the engine keeps per agent: one bounded record (design §5). Owned by the core; `schemas/agent-state.avsc` mirrors it. */
export interface AgentState {
  /** Digest of the policy it was last folded with. */
  policy: string;
}
