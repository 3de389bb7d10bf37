/** The leaves of what MCP servers answer: tool results, resources, prompts, and anything they may add. */
import { leavesOf, type Leaves } from './structure.js';

function merge(into: Leaves, from: Leaves): void {
  for (const leaf of from.list) into.list.push(leaf);
  into.dropped += from.dropped;
  into.records = Math.max(into.records, from.records);
}

type Block = Record<string, unknown>;

const isBlock = (value: unknown): value is Block =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Fields of the envelope that carry no content, and encoded bytes, which count by size only. */
const SKIPPED = new Set([
  '_meta',
  'annotations',
  'mimeType',
  'type',
  'icons',
  'resultType',
  'isError',
  'ttlMs',
  'cacheScope',
]);

function withoutBytes(block: Block): Block {
  const binary = block['type'] === 'image' || block['type'] === 'audio';
  return Object.fromEntries(
    Object.entries(block).filter(
      ([key]) => !SKIPPED.has(key) && key !== 'blob' && !(binary && key === 'data'),
    ),
  );
}

function addBlock(leaves: Leaves, block: unknown): void {
  if (!isBlock(block)) merge(leaves, leavesOf(block));
  else if (typeof block['text'] === 'string') {
    merge(leaves, leavesOf(block['text']));
    const { text: _text, ...rest } = withoutBytes(block);
    merge(leaves, leavesOf(rest));
  } else if (isBlock(block['resource'])) addBlock(leaves, block['resource']);
  else merge(leaves, leavesOf(withoutBytes(block)));
}

function blocksOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/**
 * `content`, `contents` and the content of `messages` as blocks; everything else of the result (structured content,
 * completions, a server's questions, an error's message and data) as JSON, so that nothing an agent reads is missed.
 */
export function contentLeaves(body: unknown): Leaves {
  const leaves: Leaves = { list: [], dropped: 0, records: 0 };
  if (!isBlock(body)) {
    merge(leaves, leavesOf(body));
    return leaves;
  }
  for (const [key, value] of Object.entries(body)) {
    if (SKIPPED.has(key)) continue;
    if ((key === 'content' || key === 'contents') && Array.isArray(value))
      for (const block of value) addBlock(leaves, block);
    else if (key === 'messages' && Array.isArray(value)) {
      for (const message of value as unknown[])
        if (isBlock(message)) for (const block of blocksOf(message['content'])) addBlock(leaves, block);
    } else merge(leaves, leavesOf(value));
  }
  return leaves;
}
