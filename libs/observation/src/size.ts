/** UTF-8 bytes of a value as JSON without spaces, by walking it: deep nesting must not end in a stack overflow. */
export function jsonBytes(value: unknown): number {
  let bytes = 0;
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const item = stack.pop();
    if (item === undefined) continue;
    if (typeof item === 'bigint') bytes += String(item).length;
    else if (item === null || typeof item !== 'object')
      bytes += Buffer.byteLength(JSON.stringify(item) ?? '');
    else if (Array.isArray(item)) {
      bytes += 1 + Math.max(1, item.length);
      for (const child of item) stack.push(child);
    } else {
      const entries = Object.entries(item).filter(([, child]) => child !== undefined);
      bytes += 1 + Math.max(1, entries.length);
      for (const [key, child] of entries) {
        bytes += Buffer.byteLength(JSON.stringify(key)) + 1;
        stack.push(child);
      }
    }
  }
  return bytes;
}
