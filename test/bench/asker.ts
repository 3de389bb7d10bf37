/**
 * HTTP/1.1 over a few kept-alive connections with next to no work of its own, so that what is measured is the server:
 * whole requests out, whole answers in, nothing pipelined.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  body: string;
}

interface Waiting {
  bytes: Buffer;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

const HEAD_END = '\r\n\r\n';

export class Asker {
  private readonly idle: Connection[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly all: Connection[] = [];
  private broken: Error | null = null;

  private constructor() {}

  /** Resolves once all are connected: nobody's first question pays for a handshake. */
  static async connect(url: string, connections: number): Promise<Asker> {
    const { hostname: host, port } = new URL(url);
    const asker = new Asker();
    for (let i = 0; i < connections; i += 1) {
      const socket = connect({ host, port: Number(port), noDelay: true });
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
      const connection = new Connection(
        socket,
        (free) => asker.next(free),
        (error) => asker.lost(error),
      );
      asker.all.push(connection);
      asker.idle.push(connection);
    }
    return asker;
  }

  /** A whole request, head and body. It waits while every connection is asking. */
  ask(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.broken !== null) return reject(this.broken);
      const one = { bytes, resolve, reject };
      // In turns, so that none is left unused for so long that the server closes it.
      const connection = this.idle.shift();
      if (connection === undefined) this.waiting.push(one);
      else connection.send(one);
    });
  }

  close(): void {
    for (const connection of this.all) connection.close();
  }

  /** Nothing is connected again: a benchmark in which connections break has measured something else. */
  private lost(error: Error): void {
    this.broken ??= error;
    for (const one of this.waiting.splice(0)) one.reject(error);
  }

  private next(connection: Connection): void {
    const one = this.waiting.shift();
    if (one === undefined) this.idle.push(connection);
    else connection.send(one);
  }
}

/** One request at a time. */
class Connection {
  private asking: Waiting | null = null;
  private received = '';

  constructor(
    private readonly socket: Socket,
    private readonly onFree: (connection: Connection) => void,
    private readonly onLost: (error: Error) => void,
  ) {
    // Heads and JSON of what is asked here are ASCII: characters are bytes.
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the connection was closed')));
  }

  send(one: Waiting): void {
    this.asking = one;
    this.socket.write(one.bytes);
  }

  close(): void {
    this.socket.destroy();
  }

  private read(text: string): void {
    this.received = this.received === '' ? text : this.received + text;
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.received.slice(0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    if (!Number.isInteger(length))
      return void this.socket.destroy(new Error(`no content-length in: ${head}`));
    const start = headEnd + HEAD_END.length;
    if (this.received.length < start + length) return;
    const body = this.received.slice(start, start + length);
    this.received = this.received.slice(start + length);
    const { asking } = this;
    this.asking = null;
    this.onFree(this);
    asking?.resolve({ status: Number(head.slice(9, 12)), body });
  }

  private fail(error: Error): void {
    this.asking?.reject(error);
    this.asking = null;
    this.onLost(error);
  }
}

/** A POST of JSON with a bearer token, as bytes. */
export function postOf(url: string, path: string, token: string, body: unknown): Buffer {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  return Buffer.from(head.join('\r\n') + HEAD_END + text);
}
