import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * - `pass`: everything goes through
 * - `refuse`: new connections are closed at once, existing ones are cut
 * - `blackhole`: connections stay open and nothing goes through, in either direction; what was sent meanwhile is lost
 * - `dropReplies`: requests reach the server, its replies are lost
 * - `cut`: existing connections are cut once; new ones pass
 */
export type ProxyMode = 'pass' | 'refuse' | 'blackhole' | 'dropReplies' | 'cut';

/** A TCP proxy that fails on command. */
export interface Proxy {
  port: number;
  mode(mode: ProxyMode): void;
  stop(): Promise<void>;
}

/** Starts a proxy on 127.0.0.1 in mode `pass`. */
export async function startProxy(options: {
  target: { host: string; port: number };
  port?: number;
}): Promise<Proxy> {
  let mode: ProxyMode = 'pass';
  const sockets = new Set<Socket>();
  const cutAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // A cut connection is what this proxy is for: its error needs no other handling than the end.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    if (mode === 'refuse') return void client.resetAndDestroy();
    const upstream = connect(options.target);
    track(upstream);
    client.on('data', (data) => {
      if (mode !== 'blackhole') upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (mode === 'pass') client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mode(next) {
      if (next === 'refuse' || next === 'cut') cutAll();
      mode = next === 'cut' ? 'pass' : next;
    },
    async stop() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
