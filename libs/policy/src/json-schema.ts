import { z } from 'zod';
import { PolicyDocument } from './schema.js';

/** `schemas/policy.schema.json`: what an editor completes and checks a policy with. */
export function policyJsonSchema(): string {
  const schema = z.toJSONSchema(PolicyDocument, { io: 'input' });
  return `${JSON.stringify({ title: 'Driftline policy', ...schema }, null, 2)}\n`;
}
