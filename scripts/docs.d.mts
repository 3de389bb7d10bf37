export interface MetricRow {
  name: string;
  type: string;
  help: string;
  labels: string[];
}
export const PAGES: { configuration: string; metrics: string; policy: string };
export function configurationPage(
  schema: unknown,
  overrides: readonly { variable: string; path: string[] }[],
): string;
export function metricsPage(services: Record<string, MetricRow[]>): string;
export function describeServices(parts: Record<string, unknown>): Record<string, MetricRow[]>;
export function policyPage(policy: object, cases: object): string;
