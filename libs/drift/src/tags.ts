import type { Tags } from '#activity/types';
import type { Policy } from './policy.js';
import type { LiveEvidence } from './state.js';

/** What each detector's evidence is called in the taxonomies of `taxonomy.ts`; a test holds every id to them. */
export const TAGS: Record<string, Tags> = {
  escalation: {
    asi: ['ASI02', 'ASI03'],
    atlas: ['AML.T0053', 'AML.T0086'],
    maestro: ['L3', 'L7'],
    nist: ['MEASURE', 'MANAGE'],
  },
  'data-class': {
    asi: ['ASI02', 'ASI03'],
    atlas: ['AML.T0085.001', 'AML.T0098'],
    maestro: ['L2'],
    nist: ['MEASURE'],
  },
  scope: { asi: ['ASI02', 'ASI03'], atlas: ['AML.T0053'], maestro: ['L6', 'L7'], nist: ['GOVERN', 'MANAGE'] },
  afterlife: { asi: ['ASI03'], atlas: ['AML.T0012', 'AML.T0091.000'], maestro: ['L6'], nist: ['MANAGE'] },
  exposure: {
    asi: ['ASI01', 'ASI02'],
    atlas: ['AML.T0086', 'AML.T0085.001', 'AML.T0057'],
    maestro: ['L2', 'L7'],
    nist: ['MEASURE', 'MANAGE'],
  },
  instruction: {
    asi: ['ASI01', 'ASI02'],
    atlas: ['AML.T0051', 'AML.T0053', 'AML.T0101'],
    maestro: ['L1', 'L7'],
    nist: ['MEASURE', 'MANAGE'],
  },
  provenance: {
    asi: ['ASI01', 'ASI06', 'ASI02'],
    atlas: ['AML.T0051', 'AML.T0099', 'AML.T0053'],
    maestro: ['L2', 'L7'],
    nist: ['MEASURE', 'MANAGE'],
  },
  'approval-gap': {
    asi: ['ASI01', 'ASI10'],
    atlas: ['AML.T0080', 'AML.T0053'],
    maestro: ['L6', 'L7'],
    nist: ['GOVERN', 'MANAGE'],
  },
  identity: {
    asi: ['ASI03', 'ASI07'],
    atlas: ['AML.T0012', 'AML.T0073', 'AML.T0091.000'],
    maestro: ['L6', 'L7'],
    nist: ['GOVERN', 'MEASURE'],
  },
  refusals: {
    asi: ['ASI02', 'ASI08'],
    atlas: ['AML.T0034.002', 'AML.T0084'],
    maestro: ['L5'],
    nist: ['MEASURE'],
  },
  sequence: {
    asi: ['ASI01', 'ASI02'],
    atlas: ['AML.T0053', 'AML.T0086'],
    maestro: ['L3', 'L7'],
    nist: ['MEASURE', 'MANAGE'],
  },
  novelty: {
    asi: ['ASI02', 'ASI04', 'ASI10'],
    atlas: ['AML.T0053', 'AML.T0109', 'AML.T0110'],
    maestro: ['L3', 'L7'],
    nist: ['MAP', 'MEASURE'],
  },
  rate: {
    asi: ['ASI02', 'ASI08'],
    atlas: ['AML.T0029', 'AML.T0034.002', 'AML.T0086'],
    maestro: ['L4', 'L5'],
    nist: ['MEASURE', 'MANAGE'],
  },
  canary: {
    asi: ['ASI10', 'ASI01'],
    atlas: ['AML.T0055', 'AML.T0036'],
    maestro: ['L5', 'L6'],
    nist: ['MANAGE'],
  },
};

const NONE: Tags = { asi: [], atlas: [], maestro: [], nist: [] };

export function tagsOf(detector: string): Tags {
  return TAGS[detector] ?? NONE;
}

/** What the rule says that evidence of a sequence rests on; null where it says nothing. */
export function sequenceTags({ sequences }: Policy, { detector, kind }: LiveEvidence): Tags | null {
  if (detector !== 'sequence' || sequences === undefined) return null;
  const [, rule] = kind.split('/');
  return sequences.find(({ id }) => id === rule)?.tags ?? null;
}
