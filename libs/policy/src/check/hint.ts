import type { Policy } from '#drift';
import type { PolicyDocument } from '../schema.js';
import type { ThresholdsFile } from '../thresholds/document.js';
import type { Broken } from '../wording.js';

/** Something that is allowed and probably not meant. */
export interface Hint extends Broken {
  /** Stable name of the kind of hint. */
  rule: string;
}

export interface Looked {
  document: PolicyDocument;
  /** Null while there are mistakes. */
  policy: Policy | null;
  thresholds: ThresholdsFile | null;
  nowMs: number;
}
