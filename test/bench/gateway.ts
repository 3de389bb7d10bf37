/** What a gateway adds to a call: the same client and upstream, with it and without, call by call in turn. */
import type { Figure } from './figures.js';
import { quantile, quantileFigure } from './figures.js';
import { BenchClient } from './mcp-client.js';
import { startService, startUpstream, type Service } from './processes.js';
import { produce } from './pipeline.js';
import type { Servers } from './servers.js';

const WARM_UP_CALLS = 1_500;
const CALLS = 2_000;
/** An agent keeps at most this many calls; then another one goes on, so that no profile grows beyond what is usual. */
const CALLS_PER_AGENT = 100;

export async function benchGateway(servers: Servers): Promise<Figure[]> {
  await produce(servers, () => never(), 0);
  const running: Service[] = [];
  try {
    const upstream = await startUpstream();
    running.push(upstream, await startService(servers, 'engine', 'engine'));
    const authority = await startService(servers, 'authority', 'authority');
    const entry = { url: upstream.url };
    const gateway = await startService(servers, 'gateway', 'gateway', {
      servers: { files: entry },
      authorityUrl: authority.url,
    });
    // Stopped in this order: nobody is left to speak to somebody who is gone.
    running.unshift(gateway, authority);
    const read = await added(upstream.url, gateway.url, 'read_text_file');
    const write = await added(upstream.url, gateway.url, 'write_file');
    return [
      quantileFigure('gateway_added_ms_p50', 'ms', read, 0.5),
      quantileFigure('gateway_added_ms_p99', 'ms', read, 0.99),
      quantileFigure('gateway_added_inline_ms_p50', 'ms', write, 0.5),
      quantileFigure('gateway_added_inline_ms_p99', 'ms', write, 0.99),
    ];
  } finally {
    for (const service of running) await service.stop();
  }
}

/** Through the gateway, less the median of the direct ones. */
async function added(direct: string, gateway: string, tool: string): Promise<number[]> {
  const through: number[] = [];
  const without: number[] = [];
  const straight = new BenchClient(new URL(direct), {});
  await straight.connect();
  for (let done = 0; done < WARM_UP_CALLS + CALLS; done += CALLS_PER_AGENT) {
    const agent = `bench-${tool}-${done}`;
    const client = new BenchClient(new URL('/mcp/files', gateway), { 'x-driftline-agent': agent });
    await client.connect();
    for (let i = 0; i < CALLS_PER_AGENT; i += 1) {
      const args = {
        path: `/data/reports/${i % 20}.md`,
        ...(tool === 'write_file' ? { content: 'Revenue grew.' } : {}),
      };
      const first = await client.call(tool, args);
      const second = await straight.call(tool, args);
      if (first.refused) throw new Error(`${tool} was refused: nothing of this load should be`);
      if (done < WARM_UP_CALLS) continue;
      through.push(first.tookMs);
      without.push(second.tookMs);
    }
    await client.close();
  }
  await straight.close();
  const base = quantile(without, 0.5);
  return through.map((tookMs) => tookMs - base);
}

function never(): never {
  throw new Error('no activity was asked for');
}
