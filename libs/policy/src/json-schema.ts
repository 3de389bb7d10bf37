import { z } from 'zod';
import { CaseFile } from './cases/schema.js';
import { PolicyDocument } from './schema.js';

/** `schemas/policy.schema.json`: what an editor completes and checks a policy with. */
export function policyJsonSchema(): string {
  const schema = z.toJSONSchema(PolicyDocument, { io: 'input' });
  return `${JSON.stringify({ title: 'Driftline policy', ...schema }, null, 2)}\n`;
}

/** `schemas/policy-test.schema.json`: likewise for files of cases. */
export function caseJsonSchema(): string {
  const schema = z.toJSONSchema(CaseFile, { io: 'input' });
  return `${JSON.stringify({ title: 'Driftline policy test', ...schema }, null, 2)}\n`;
}
