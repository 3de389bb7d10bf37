/**
 * Prometheus metrics. Every name begins with `driftline_`. Labels have few values by nature (topic, partition, outcome,
 * detector): never an agent, a task or an id, because each label value is a time series for ever.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

const PREFIX = 'driftline_';

/** Seconds, narrow around what is promised: refusals within 20 ms, decisions within 3 ms. */
export const LATENCY_BUCKETS_S = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export interface MetricDescription {
  name: string;
  type: string;
  help: string;
  labels: string[];
}

export interface Metrics {
  /** What `/metrics` answers with. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Every metric there is, by name: what the reference pages are made of. */
  list(): MetricDescription[];
  /** Names are given without prefix: `counter('dead_letters_total', …)` is `driftline_dead_letters_total`. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `collect` sets the value whenever the metrics are read. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    collect?: (gauge: Gauge<L>) => void,
  ): Gauge<L>;
  /** Buckets in the unit of the name; `LATENCY_BUCKETS_S` unless given. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>;
}

/**
 * Metrics of one service. Asking for a name again gives the same metric, so that parts need not share variables.
 * @param processMetrics also collect CPU, memory and event-loop lag of the process (once per process is enough)
 */
export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const known = <M>(name: string): M | undefined => registry.getSingleMetric(PREFIX + name) as M | undefined;
  const common = (name: string, help: string) => ({ name: PREFIX + name, help, registers: [registry] });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    list: () =>
      registry
        .getMetricsAsArray()
        // prom-client keeps the names of labels on each metric and leaves them out of its types.
        .map((metric) => metric as typeof metric & { labelNames: string[] })
        .map(({ name, type, help, labelNames }) => ({
          name,
          type: String(type),
          help,
          labels: [...labelNames],
        }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    counter: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      known<Counter<L>>(name) ?? new Counter<L>({ ...common(name, help), labelNames: [...labels] }),
    gauge: <L extends string>(
      name: string,
      help: string,
      labels: readonly L[] = [],
      collect?: (gauge: Gauge<L>) => void,
    ) =>
      known<Gauge<L>>(name) ??
      new Gauge<L>({
        ...common(name, help),
        labelNames: [...labels],
        ...(collect && {
          collect() {
            collect(this);
          },
        }),
      }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labels: readonly L[] = [],
      buckets: readonly number[] = LATENCY_BUCKETS_S,
    ) =>
      known<Histogram<L>>(name) ??
      new Histogram<L>({ ...common(name, help), labelNames: [...labels], buckets: [...buckets] }),
  };
}
