/** What a count says about a share: exact (Clopper-Pearson) bounds, so that small samples promise little. */

/** The true share is at most this, with this confidence, when `hits` of `count` were seen. 1 for a count of 0. */
export function upperBound(hits: number, count: number, confidence: number): number {
  if (hits >= count) return 1;
  return solve((share) => atMost(hits, count, share) > 1 - confidence);
}

/** Likewise: at least this. */
export function lowerBound(hits: number, count: number, confidence: number): number {
  if (hits <= 0) return 0;
  return solve((share) => 1 - atMost(hits - 1, count, share) < 1 - confidence);
}

/** Most hits among `count` that still promise a share of at most `share`; -1 = not even none does. */
export function hitsWithin(share: number, count: number, confidence: number): number {
  let [low, high] = [-1, count];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (upperBound(middle, count, confidence) <= share) low = middle;
    else high = middle;
  }
  return low;
}

/** How many it takes before a promise of `share` can be made at all, with none hit. */
export function countFor(share: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - share));
}

/** Where a condition that holds below some share stops to hold. */
function solve(holds: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  // 2^-40: far finer than any share that is printed.
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** Chance of at most `hits` of `count` at this share. */
function atMost(hits: number, count: number, share: number): number {
  let term = count * Math.log1p(-share);
  const step = Math.log(share) - Math.log1p(-share);
  let sum = Math.exp(term);
  for (let k = 1; k <= hits; k++) {
    term += Math.log((count - k + 1) / k) + step;
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}
