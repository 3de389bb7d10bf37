import type { Counts } from './state.js';

/** A new count of `name`. Beyond `limit` names the rarest is forgotten. */
export function counted(counts: Counts, name: string, amount: number, limit: number): Counts {
  const at = counts.names.indexOf(name);
  return at < 0 ? withName(counts, name, amount, limit) : raised(counts, at, amount);
}

/** Likewise of `server/tool`, which is only put together where it is new. */
export function countedTool(
  counts: Counts,
  server: string,
  tool: string,
  amount: number,
  limit: number,
): Counts {
  const at = placeOfTool(counts.names, server, tool);
  return at < 0 ? withName(counts, `${server}/${tool}`, amount, limit) : raised(counts, at, amount);
}

/** Place of `server/tool` among names, without making one of it; -1 = not there. */
export function placeOfTool(names: readonly string[], server: string, tool: string): number {
  const length = server.length + 1 + tool.length;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (name.length !== length || name[server.length] !== '/') continue;
    if (name.startsWith(server) && name.endsWith(tool)) return at;
  }
  return -1;
}

function raised({ names, amounts: before }: Counts, at: number, amount: number): Counts {
  const amounts = before.slice();
  amounts[at] = (amounts[at] as number) + amount;
  return { names, amounts };
}

function withName(counts: Counts, name: string, amount: number, limit: number): Counts {
  const amounts = counts.amounts.slice();
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
