import { z } from 'zod';
import { Config } from './schema.js';

/** `schemas/driftline.schema.json`: what an editor checks `driftline.yaml` with. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(Config, { io: 'input' });
  return `${JSON.stringify({ title: 'driftline.yaml', ...schema }, null, 2)}\n`;
}
