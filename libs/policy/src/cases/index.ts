/** Cases: what happened to an agent and what its next activity meets, as policies and the core are tested. */
export { caseFilesOf, isCaseFile, runCaseFile, type RanCase, type RanFile } from './file.js';
export { casesText } from './report.js';
export { runCase, type Mismatch, type Outcome } from './run.js';
export { Case, CaseFile, type Step } from './schema.js';
export { SOMEBODY, START_MS, STEP_MS, Story, type Who } from './story.js';
export type { Assumption } from './steps.js';
