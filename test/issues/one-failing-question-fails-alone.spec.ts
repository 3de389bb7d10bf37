/** A question that failed unexpectedly took with it those of other agents that were sent together with it. */
import { expect, it } from 'vitest';
import type { EvaluationRequest } from '#access';
import { Evaluations, type EvaluationParts } from '../../apps/authority/src/http/evaluations.js';

const question = (id: string) => ({
  subject: { type: 'user', id },
  action: { name: 'read' },
  resource: { type: 'record', id: 'record-1' },
});

it('a question that nobody foresaw fails alone, is counted and is logged', async () => {
  const counted: unknown[] = [];
  const logged: unknown[] = [];
  const parts = {
    plainCalls: {
      decide: async ({ subject }: EvaluationRequest) => {
        if (subject.id === 'odd') throw new TypeError('nobody foresaw this');
        return { id: subject.id, allowed: true };
      },
    },
    metrics: { errors: { inc: (labels: unknown) => counted.push(labels) } },
    logger: { error: (fields: unknown) => logged.push(fields) },
  } as unknown as EvaluationParts;
  const asked = { evaluations: [question('a'), question('odd'), question('b')] };

  const { evaluations } = (await new Evaluations(parts).many(asked)) as { evaluations: unknown[] };

  expect(evaluations).toMatchObject([
    { decision: true },
    { decision: false, context: { error: { status: 500, message: expect.not.stringContaining('foresaw') } } },
    { decision: true },
  ]);
  expect(counted).toEqual([{ code: 'internal' }]);
  expect(logged).toMatchObject([{ error: { message: 'nobody foresaw this' } }]);
});
