/**
 * Every limit of the gateway in one place, with its reason. Crossing one is answered, counted
 * (`driftline_gateway_limits_total`) and never silent.
 */

import { availableParallelism } from 'node:os';

/** Body of one client request: where the SDK's own servers stop. All of it is looked at, which takes its time. */
export const REQUEST_MAX_BYTES = 4 * 1024 * 1024;
/** Bodies of all clients that are held at once: sixteen of the largest, thousands of the usual ones. */
export const BODIES_MAX_BYTES = 64 * 1024 * 1024;
/** Larger messages are read one per turn of the event loop, so that small ones get through between them. */
export const LARGE_BYTES = 256 * 1024;
/** Larger messages are looked at in another thread: this much takes some ten milliseconds, for which all others wait. */
export const INLINE_MAX_CHARS = 64 * 1024;
/** Threads for them at most; one core is left to everything else. */
export const LOOKS_THREADS_MAX = Math.max(1, Math.min(4, availableParallelism() - 1));
/** Large messages that are looked at or wait for it: three of the largest answers, some twenty seconds of one thread. */
export const LOOKS_MAX_CHARS = 96 * 1024 * 1024;
/** Of them, those of one client. Its first one always has its turn. */
export const LOOKS_SHARE_MAX_CHARS = 40 * 1024 * 1024;
/** Looking at the largest answer takes a fifth of this. */
export const LOOK_MAX_MS = 60_000;
/** What a thread may hold: a message made to grow in memory ends the thread and not the gateway. */
export const LOOKS_HEAP_MAX_MIB = 1_024;
/** A client has this long to send a whole request; a slow one must not hold its bytes for ever. */
export const RECEIVE_MAX_MS = 60_000;
/** One answer to a judged call: it is held whole until it has been looked at. */
export const RESULT_MAX_BYTES = 32 * 1024 * 1024;
/** One line a stdio server writes. */
export const LINE_MAX_BYTES = RESULT_MAX_BYTES;
/** Nesting of a message: deeper ones are an attack on recursive readers, not work. */
export const DEPTH_MAX = 128;
/** Requests of all clients that are open at once, streams included. */
export const OPEN_MAX = 4_096;
/** Of them, those of one verified agent: streams and parallel calls of many conversations. */
export const AGENT_OPEN_MAX = 256;
/** Of them, those of all asserted agents at one address: a quarter, and still a busy machine's worth. */
export const REMOTE_OPEN_MAX = 1_024;
/** Sessions the gateway remembers (agent, answers awaited, calls in flight). */
export const SESSIONS_MAX = 10_000;
/** Child processes of stdio servers at once. */
export const CHILDREN_MAX = 64;
/** Messages from a stdio server that wait for a stream to be opened by the client. */
export const BACKLOG_MAX = 256;
/** Server requests of one session whose answers are awaited. */
export const AWAITED_MAX = 256;
/** Withheld answers remembered per session, for clients that ask for the stream again. */
export const WITHHELD_MAX = 1_024;
/** Answers of a session that a client may ask for again on a resumed stream. */
export const RELEASED_MAX = 1_024;
/** A child nobody has used for this long is stopped. */
export const CHILD_IDLE_MS = 10 * 60_000;
/** After closing its stdin, a child has this long before SIGTERM, and as long again before SIGKILL. */
export const CHILD_GRACE_MS = 2_000;
/** A session nobody has used for this long is forgotten. */
export const SESSION_IDLE_MS = 30 * 60_000;
/** A call whose stream was closed before its result (2025-11-25 allows polling) is awaited this long. */
export const DETACHED_MAX_MS = 5 * 60_000;
/** How long a server may take to say how a stopped call ended. */
export const STOP_WAIT_MS = 2_000;
/** Tools remembered per server: annotations, schema and digest. */
export const TOOLS_MAX = 1_024;
/** Agents whose view of a tool list is remembered. */
export const LISTINGS_MAX = 4_096;
/** Declared tasks remembered, and for how long before the authority is asked again. */
export const TASKS_MAX = 10_000;
export const TASK_FRESH_MS = 30_000;
/** An unknown task stays unknown this long: a flood of made-up ids must not become a flood of questions. */
export const TASK_UNKNOWN_MS = 500;
/** Verified tokens remembered until they expire. */
export const TOKENS_MAX = 10_000;
/** The longest a verified token is believed without being checked again. */
export const TOKEN_FRESH_MS = 60_000;
/** Waiting for an answer of the authority before the fail mode applies. */
export const DECIDE_MAX_MS = 2_000;
/** Waiting for the log before a record is spooled instead. */
export const LOG_WAIT_MS = 1_000;
/** Bytes of records that may wait on disk for the log to come back. */
export const SPOOL_MAX_BYTES = 512 * 1024 * 1024;
/** One file of the spool: what is sent again after a crash in the middle. */
export const SPOOL_FILE_BYTES = 8 * 1024 * 1024;
/** Waiting for the log when the spool is sent again: more at once, and nobody waits for it. */
export const RESEND_WAIT_MS = 5_000;
/** One append when the spool is sent again. */
export const RESEND_MAX_BYTES = 512 * 1024;
/** Closed entries in the journal of open calls before it is written anew. */
export const JOURNAL_CLOSED_MAX = 4_096;
/** Conversation, agent and task ids longer than this are not ids. */
export const ID_MAX_BYTES = 256;
/** New names of asserted agents that are taken in `ASSERTED_NEW_MS`; whoever is new beyond them is `anonymous`. */
export const ASSERTED_NEW_MAX = 1_000;
export const ASSERTED_NEW_MS = 10 * 60_000;
/** Names of asserted agents that are known, so that newcomers do not take an old one's place. */
export const ASSERTED_MAX = 10_000;
/** A read's call waits this long for its result; a revocation that follows from the call alone comes that much later. */
export const READ_HELD_MS = 2;
/** Heartbeats per lease: four may be lost. */
export const HEARTBEATS_PER_LEASE = 5;
/** Orderly stop: calls in flight have this long to end. */
export const STOP_MAX_MS = 5_000;
