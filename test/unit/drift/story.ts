/** The test language of the core is the one that policies are tested with. */
export { START_MS, STEP_MS, Story } from '#policy';
