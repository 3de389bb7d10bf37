/** What stands before any run: the policy with the operator's catalogue, the fingerprint key, the servers' tool lists. */
import type { CatalogueEntry, Policy } from '#drift';
import { classifyTool, deriveTenantKey, Fingerprinter, ToolIndex, type ObserveContext } from '#observation';
import { decodePolicy, defaultPolicy, encodePolicy, loadPolicy } from '#policy';
import { readTools, roleOf, type Run, type Tools } from './runs.js';
import type { Survey } from './survey.js';

export const TENANT = 'evaluate';
/** Verdicts do not depend on the key; one for all makes them repeatable to the last bit. */
const MASTER_SECRET = Buffer.from('driftline evaluate: not a secret');

export interface Ground {
  policy: Policy;
  tools: Tools;
  survey: Survey;
  /** What the gateway in front of this run's server knows. */
  contextOf(run: Run): ObserveContext;
  /** The policy this run is judged by. */
  policyOf(run: Run): Policy;
}

export interface GroundSource {
  toolsPath: string;
  /** The shipped policy when absent. */
  policyPath?: string | undefined;
  survey: Survey;
}

/** Throws `CommandError` or `PolicyError`. */
export function prepareGround({ toolsPath, policyPath, survey }: GroundSource): Ground {
  const tools = readTools(toolsPath);
  const policy = withTools(policyPath === undefined ? defaultPolicy() : loadPolicy(policyPath), tools);
  const fingerprinter = new Fingerprinter(deriveTenantKey(MASTER_SECRET, TENANT, 1));
  const indexes = new Map<string, ToolIndex>();
  const indexOf = (run: Run): ToolIndex => {
    const role = roleOf(run);
    const known = indexes.get(role) ?? toolIndex(policy, run.suite, toolNamesOf({ tools, survey }, run));
    indexes.set(role, known);
    return known;
  };
  return {
    policy,
    tools,
    survey,
    contextOf: (run) => ({ catalogue: policy.catalogue, fingerprinter, tools: indexOf(run) }),
    policyOf: () => policy,
  };
}

function toolIndex({ catalogue }: Policy, server: string, names: readonly string[]): ToolIndex {
  return new ToolIndex(
    names.map((name) => ({
      name,
      effect: classifyTool(catalogue, { server, trusted: false, tool: name }).effect,
    })),
  );
}

/**
 * The servers are named after their suites. Evidence on tools that nobody described counts as if it were enforced: what
 * a policy only observes could not be measured otherwise.
 */
export function withTools(policy: Policy, tools: Tools): Policy {
  const entries = Object.entries(tools).flatMap(([server, list]) =>
    Object.entries(list).map<CatalogueEntry>(([tool, { effect, output, dataClasses }]) => {
      const plain = { resource: null, destination: null, facts: [], canary: false };
      return { server, tool, effect, trust: output, dataClasses, ...plain };
    }),
  );
  const catalogue = { ...policy.catalogue, tools: [...policy.catalogue.tools, ...entries] };
  return decodePolicy(encodePolicy({ ...policy, catalogue, uncatalogued: 'enforce' }));
}

/** What the server of this run's suite would list. */
export function toolNamesOf({ tools, survey }: Pick<Ground, 'tools' | 'survey'>, run: Run): string[] {
  const described = tools[run.suite];
  return described === undefined ? (survey.toolsOfRole[roleOf(run)] ?? []) : Object.keys(described);
}
