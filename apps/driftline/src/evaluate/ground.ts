/** What stands before any run: the policy with the operator's catalogue, the fingerprint key, the servers' tool lists. */
import type { CatalogueEntry, Policy } from '#drift';
import { classifyTool, deriveTenantKey, Fingerprinter, ToolIndex, type ObserveContext } from '#observation';
import { decodePolicy, defaultPolicy, encodePolicy, loadPolicy } from '#policy';
import { Profiles, type Learned } from './profiles.js';
import { readTools, roleOf, type Run, type Tools } from './runs.js';
import type { Survey } from './survey.js';

export const TENANT = 'evaluate';
/** Verdicts do not depend on the key; one for all makes them repeatable to the last bit. */
const MASTER_SECRET = Buffer.from('driftline evaluate: not a secret');

/** What each worker needs to lay the same ground. */
export interface GroundSource {
  toolsPath: string;
  /** The shipped policy when absent. */
  policyPath?: string | undefined;
  survey: Survey;
  /** What was learned of other work; null while it is being learned. */
  learned: Learned | null;
}

export class Ground {
  readonly policy: Policy;
  readonly survey: Survey;
  private readonly tools: Tools;
  private readonly profiles: Profiles | null;
  private readonly fingerprinter = new Fingerprinter(deriveTenantKey(MASTER_SECRET, TENANT, 1));
  private readonly contexts = new Map<string, ObserveContext>();

  /** Throws `CommandError` or `PolicyError`. */
  constructor({ toolsPath, policyPath, survey, learned }: GroundSource) {
    this.tools = readTools(toolsPath);
    this.survey = survey;
    this.policy = withTools(policyPath === undefined ? defaultPolicy() : loadPolicy(policyPath), this.tools);
    this.profiles = learned === null ? null : new Profiles(this.policy, learned);
  }

  /** What the gateway in front of this run's server knows. */
  contextOf(run: Run): ObserveContext {
    const role = roleOf(run);
    let context = this.contexts.get(role);
    if (context === undefined) {
      const { catalogue } = this.policy;
      const tools = this.toolNamesOf(run).map((name) => {
        const { effect } = classifyTool(catalogue, { server: run.suite, trusted: false, tool: name });
        return { name, effect };
      });
      context = { catalogue, fingerprinter: this.fingerprinter, tools: new ToolIndex(tools) };
      this.contexts.set(role, context);
    }
    return context;
  }

  /** The policy this run is judged by: it carries what is usual in the run's role. */
  policyOf(run: Run): Policy {
    return this.profiles?.policyFor(run) ?? this.policy;
  }

  /** What the server of this run's suite would list: what was described, or else what was seen. */
  toolNamesOf(run: Run): string[] {
    const described = this.tools[run.suite];
    return described === undefined ? (this.survey.toolsOfRole[roleOf(run)] ?? []) : Object.keys(described);
  }
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
  return renamed({ ...policy, catalogue, uncatalogued: 'enforce' });
}

/** With the digest of what it says now. */
export function renamed(policy: Policy): Policy {
  return decodePolicy(encodePolicy(policy));
}

/** Each run is an agent of its own, of the role of its source and suite. */
export function agentOf(run: Run, name: string): string {
  return `spiffe://evaluate.example${rolePath(run)}/${name}`;
}

/** Path of the SPIFFE IDs of a role. */
export function rolePath({ source, suite }: Pick<Run, 'source' | 'suite'>): string {
  return `/${encodeURIComponent(source)}/${encodeURIComponent(suite)}`;
}
