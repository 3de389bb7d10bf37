/** What stands before any run: the policy with the operator's catalogue, the fingerprint key, the servers' tool lists. */
import type { CatalogueEntry, Policy } from '#drift';
import { knownTools } from '#gateway';
import { deriveTenantKey, Fingerprinter, ToolIndex, type ObserveContext } from '#observation';
import { decodePolicy, defaultPolicy, encodePolicy, loadPolicy } from '#policy';
import { Profiles, type Learned } from './profiles.js';
import { readTools, roleOf, type Run, type Tools } from './runs.js';
import type { Survey } from './survey.js';

export const TENANT = 'evaluate';
/** Verdicts do not depend on the key; one for all makes them repeatable to the last bit. Nothing is hidden by it. */
export const VALUE_KEY = deriveTenantKey(Buffer.from('driftline evaluate: not a secret'), TENANT, 1);

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
  /** As it is without any operator's catalogue. */
  readonly policy: Policy;
  readonly survey: Survey;
  private readonly tools: Tools;
  private readonly profiles: Profiles | null;
  private readonly fingerprinter = new Fingerprinter(VALUE_KEY);
  private readonly policies = new Map<string, Policy>();
  private readonly contexts = new Map<string, ObserveContext>();

  /** Throws `CommandError` or `PolicyError`. */
  constructor({ toolsPath, policyPath, survey, learned }: GroundSource) {
    this.tools = readTools(toolsPath);
    this.survey = survey;
    this.policy = policyPath === undefined ? defaultPolicy() : loadPolicy(policyPath);
    this.profiles = learned === null ? null : new Profiles(learned);
  }

  /** What the gateway in front of this run's server knows. */
  contextOf(run: Run): ObserveContext {
    const role = roleOf(run);
    let context = this.contexts.get(role);
    if (context === undefined) {
      const { catalogue } = this.operatorsPolicy(run);
      const listed = this.toolNamesOf(run).map((tool) => ({ server: run.suite, tool }));
      const tools = new ToolIndex(knownTools(catalogue, listed, []));
      context = { catalogue, fingerprinter: this.fingerprinter, tools };
      this.contexts.set(role, context);
    }
    return context;
  }

  /** The policy this run is judged by: it carries what is usual in the run's role. */
  policyOf(run: Run): Policy {
    const policy = this.operatorsPolicy(run);
    return this.profiles?.policyFor(run, policy) ?? policy;
  }

  /** The policy with the catalogue that the operator of this run's suite would write. */
  operatorsPolicy({ suite }: Pick<Run, 'suite'>): Policy {
    let policy = this.policies.get(suite);
    if (policy === undefined) {
      policy = withTools(this.policy, suite, this.tools[suite] ?? {});
      this.policies.set(suite, policy);
    }
    return policy;
  }

  /** What the server of this run's suite would list: what was described, or else what was seen. */
  toolNamesOf(run: Run): string[] {
    const described = this.tools[run.suite];
    return described === undefined ? (this.survey.toolsOfRole[roleOf(run)] ?? []) : Object.keys(described);
  }
}

/**
 * The server is named after its suite. Evidence on tools that nobody described counts as if it were enforced: what a
 * policy only observes could not be measured otherwise.
 */
function withTools(policy: Policy, server: string, tools: Tools[string]): Policy {
  const entries = Object.entries(tools).map<CatalogueEntry>(([tool, { effect, output, dataClasses }]) => {
    const plain = { resource: null, destination: null, facts: [], canary: false };
    return { server, tool, effect, trust: output, dataClasses, ...plain };
  });
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
