/** Sequence rules as `libs/policy` compiles them: steps one after another, with any gap and any padding between them. */
import type { Effect, Tags, ToolResult, Trust, ValueKind } from '#activity/types';
import type { FactCondition, Range } from '../facts.js';

/** Times of day and days of the week, UTC. `from` after `to` = over midnight. */
export interface TimeCondition {
  fromMinute: number;
  /** Not included. */
  toMinute: number;
  /** 0 = Sunday; null = every day. */
  days: number[] | null;
}

/** What one activity has to be. Everything that is not null must hold; of a list any one is enough. */
export interface SequenceStep {
  id: string;
  activity: 'call' | 'result';
  /** It must not happen: between the steps around it, or as the last one for `withinMs` after the step before. */
  absent: boolean;
  /** So many times, 1 or more. */
  times: number;
  /** Of a last step that must not be absent; otherwise null. */
  withinMs: number | null;
  effects: Effect[] | null;
  /** Globs. */
  servers: string[] | null;
  tools: string[] | null;
  resources: string[] | null;
  places: ('internal' | 'external' | 'unknown')[] | null;
  dataClasses: string[] | null;
  trusts: Trust[] | null;
  outcomes: ToolResult['outcome'][] | null;
  records: Range | null;
  bytes: Range | null;
  facts: FactCondition[];
  time: TimeCondition | null;
  /** A value of these kinds that step `step` had too. */
  sameValue: { step: string; kinds: ValueKind[] } | null;
}

export interface SequenceRule {
  id: string;
  title: string;
  /** Whose activity makes up the sequence. */
  of: 'task' | 'agent' | 'principal';
  /** From the first step to the last that has to happen. */
  withinMs: number;
  steps: SequenceStep[];
  weight: number;
  /** Null = the detector's. */
  halfLifeMs: number | null;
  mode: 'enforce' | 'observe' | 'off';
  /** Null = the detector's. */
  tags: Tags | null;
  owner: string | null;
}
