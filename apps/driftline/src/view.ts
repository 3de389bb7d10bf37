/** The live printed view: one line per thing that happened, in words, for people. Pure: records in, lines out. */
import type { Alert, Enforcement, Lift, Revocation, ToolCall, ToolResult } from '#activity/types';

const RESET = '\u001B[0m';
const COLOURS = {
  dim: '\u001B[2m',
  red: '\u001B[31m',
  green: '\u001B[32m',
  yellow: '\u001B[33m',
  bold: '\u001B[1m',
};
export type Colour = keyof typeof COLOURS;

/** Longest stretch of foreign text printed on one line; more would push the verdict off the screen. */
const TEXT_MAX = 160;
/** Why there is an alert is what it is read for: all that the log carries of it. */
const WHY_MAX = 1_024;

export class View {
  constructor(private readonly coloured: boolean) {}

  paint(colour: Colour, text: string): string {
    return this.coloured ? `${COLOURS[colour]}${text}${RESET}` : text;
  }

  call(call: ToolCall): string {
    const what = `${printable(call.server)}/${printable(call.tool)}`;
    const on = call.resource === null ? '' : ` ${printable(call.resource)}`;
    const verdict =
      call.decision === 'allowed'
        ? this.paint('green', 'allowed')
        : this.paint('red', `refused (${call.basis}: ${printable(call.reason)})`);
    return `${clock(call.time)}  ${call.effect.padEnd(7)} ${what}${on}  ${verdict}  ${this.paint('dim', who(call))}`;
  }

  /** Only what is worth a line: a result that carried something sensitive, or did not come. */
  result(result: ToolResult): string | null {
    const classes = result.dataClasses.filter((name) => name !== 'public' && name !== 'internal');
    if (result.outcome === 'ok' && classes.length === 0) return null;
    const what =
      result.outcome === 'ok' ? `returned ${classes.map(printable).join(', ')}` : `result ${result.outcome}`;
    return `${clock(result.time)}          ${printable(result.server)}/${printable(result.tool)} ${this.paint('yellow', what)}`;
  }

  alert(alert: Alert): string {
    const level = this.paint(
      alert.level === 'normal' ? 'green' : 'yellow',
      `${alert.level} ${alert.risk.toFixed(0)}`,
    );
    const observed = alert.observed ? this.paint('dim', ' (observed only)') : '';
    return `${clock(alert.at)}  ${this.paint('bold', 'ALERT')}   risk ${level}${observed}  ${printable(alert.explanation, WHY_MAX)}  ${this.paint('dim', idsOf(alert))}`;
  }

  revocation(revocation: Revocation): string {
    const what = revocation.effects === null ? 'everything' : revocation.effects.join(', ');
    const whom = revocation.task ?? revocation.agent ?? 'every agent';
    const until = revocation.until === null ? 'until lifted' : `until ${clock(revocation.until)}`;
    return `${clock(revocation.issuedAt)}  ${this.paint('red', 'REVOKED')} ${what} from ${printable(whom)} ${until}  ${printable(revocation.reason)}  ${this.paint('dim', revocation.id)}`;
  }

  lift(lift: Lift): string {
    return `${clock(lift.at)}  ${this.paint('green', 'LIFTED')}  ${printable(lift.revocation)} by ${printable(lift.by)}: ${printable(lift.reason)}`;
  }

  enforcement(report: Enforcement): string {
    const call = report.callId === null ? '' : ` call ${printable(report.callId)}`;
    return `${clock(report.at)}  ${report.outcome.padEnd(7)} at gateway ${printable(report.gateway)}${call}  ${this.paint('dim', report.revocation)}`;
  }
}

/** `HH:MM:SS.mmm` in local time. */
export function clock(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Foreign text on a terminal: no control characters, no escape sequences, bounded. */
export function printable(text: string, max = TEXT_MAX): string {
  // oxlint-disable-next-line no-control-regex -- taking control characters out is the point
  const clean = text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2066-\u2069]/g, '·');
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`;
}

/** What a person needs for a verdict or a check on it. */
function idsOf({ id, agent, task }: Alert): string {
  return [id, agent, task]
    .filter((part) => part !== null && part !== '')
    .map((part) => printable(part!))
    .join(' ');
}

function who(call: ToolCall): string {
  const identity = call.assurance === 'verified' ? call.agent : `asserted/${call.agent}`;
  return printable(call.task === null ? identity : `${identity} on ${call.task}`);
}
