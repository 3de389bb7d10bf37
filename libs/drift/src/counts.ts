import type { Counts } from './state.js';

/** A new count of `name`. Beyond `limit` names the rarest is forgotten. */
export function counted(counts: Counts, name: string, amount: number, limit: number): Counts {
  const at = counts.names.indexOf(name);
  const amounts = counts.amounts.slice();
  if (at >= 0) {
    amounts[at] = (amounts[at] as number) + amount;
    return { names: counts.names, amounts };
  }
  const names = counts.names.slice();
  if (names.length >= limit) {
    const rarest = indexOfSmallest(amounts);
    names[rarest] = name;
    amounts[rarest] = amount;
  } else {
    names.push(name);
    amounts.push(amount);
  }
  return { names, amounts };
}

/** Every amount multiplied, so that the landmark of the decay can move. */
export function scaled(counts: Counts, factor: number): Counts {
  return { names: counts.names, amounts: counts.amounts.map((amount) => amount * factor) };
}

/** The amount of `name`, still scaled; 0 when it was never counted. */
export function amountOf(counts: Counts, name: string): number {
  const at = counts.names.indexOf(name);
  return at < 0 ? 0 : (counts.amounts[at] as number);
}

function indexOfSmallest(amounts: number[]): number {
  let smallest = 0;
  for (let i = 1; i < amounts.length; i++) {
    if ((amounts[i] as number) < (amounts[smallest] as number)) smallest = i;
  }
  return smallest;
}
