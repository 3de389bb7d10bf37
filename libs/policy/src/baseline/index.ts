/** Peers' baselines: counted from recorded activity, merged, written to a file, read back by the policy that names it. */
export { buildBaseline, type BuildOptions, type Built } from './build.js';
export { mergeBaselines, mergeCounts, noCounts, subtractCounts, type RoleCounts } from './counts.js';
export { baselineText, loadBaseline, sealBaseline } from './document.js';
export { countActivities, taskKey } from './tally.js';
