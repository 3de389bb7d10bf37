/** Cuts one text into units: sentences of running prose, and lines, labels, list items and cells that stand alone. */
import { isImperative, isProse } from './mood.js';
import { tokenize, type Token } from './tokens.js';
import { ROLE } from './words.js';

export interface Unit {
  /** The part that is looked at: without label, list mark or cell border. */
  text: string;
  tokens: Token[];
  oversize: number;
  prose: boolean;
  /** By itself; `imperative` includes its neighbours. */
  instructs: boolean;
  imperative: boolean;
  /** Label of a `label: value` line, empty otherwise. */
  label: string;
}

/** A line is at most this long a label; longer ones are sentences with a colon. */
const LABEL = /^([\p{L}][\p{L}\p{N} _.()/&'#-]{0,40}?)\s{0,2}[:：=]\s{1,4}(?=\S)/u;
const MAX_LABEL_WORDS = 5;
const ITEM = /^(?:[-*•+▪◦·]|\(?\d{1,3}[.)]|#{1,6}|>{1,3})\s+/;
const RULE = /^[\s\-=_*~#.+|:]{3,}$/;
/** End of a sentence: its mark, then a gap, then something that may begin one. */
const SENTENCE_END = /[.!?…]["'”’)\]]{0,3}\s+(?=[^\p{Ll}\s])|[。！？]/gu;

function makeUnit(text: string, label: string): Unit {
  const { list, oversize, ideographs } = tokenize(text);
  const instructs = isImperative(list);
  const prose = isProse(list, instructs, ideographs);
  return { text, tokens: list, oversize, prose, instructs: instructs && prose, imperative: false, label };
}

/** A sentence stays whole in memory only up to this length; longer ones are cut at a gap. */
const MAX_SENTENCE_CHARS = 4_000;

function* sentencesOf(text: string): Generator<string> {
  let from = 0;
  for (let end of sentenceEnds(text)) {
    while (end - from > MAX_SENTENCE_CHARS) {
      const gap = text.lastIndexOf(' ', from + MAX_SENTENCE_CHARS);
      const cut = gap > from ? gap : end;
      yield text.slice(from, cut);
      from = cut;
    }
    if (end > from) yield text.slice(from, end);
    from = end;
  }
}

function* sentenceEnds(text: string): Generator<number> {
  for (const end of text.matchAll(SENTENCE_END)) yield end.index + end[0].length;
  yield text.length;
}

/**
 * Sentences of a block. From the first that is prose on, all are; a block known to be prose begins so. `whole` is the
 * block as one unit where it is known already.
 */
function pushProse(units: UnitStream, text: string, known: boolean, whole: Unit | null): void {
  let prose = known;
  for (const sentence of sentencesOf(text)) {
    const unit = whole !== null && sentence.length === text.length ? whole : makeUnit(sentence, '');
    prose ||= unit.prose;
    unit.prose = prose;
    units.push(unit);
  }
}

function labelOf(line: string): { label: string; rest: string } | null {
  const start = line.slice(0, 60);
  const match = /[:：=]/.test(start) ? LABEL.exec(start) : null;
  if (match === null) return null;
  const label = match[1]!;
  const words = label.split(/\s+/);
  if (words.length > MAX_LABEL_WORDS) return null;
  const tokens = tokenize(label).list;
  if (isImperative(tokens) || (words.length > 2 && isProse(tokens, false, 0))) return null;
  return { label, rest: line.slice(match[0].length) };
}

function cellsOf(line: string): string[] | null {
  const tabs = line.includes('\t');
  if (!tabs && !line.includes('|')) return null;
  const cells = line.split(tabs ? '\t' : '|');
  const filled = cells.map((cell) => cell.trim()).filter((cell) => cell !== '');
  return cells.length >= 3 || (tabs && filled.length >= 2) ? filled : null;
}

/** Comma-separated values: at least three cells, no space after a comma. */
function commaCells(line: string): string[] | null {
  const comma = line.indexOf(',');
  if (comma < 0 || line.indexOf(',', comma + 1) < 0 || /,\s/.test(line)) return null;
  return line
    .split(',')
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '');
}

function pushAlone(units: UnitStream, text: string, label: string, known: Unit | null): void {
  const cells = cellsOf(text);
  if (cells === null) pushCell(units, text, label, known);
  else for (const cell of cells) pushCell(units, cell, label, null);
}

function pushCell(units: UnitStream, text: string, label: string, known: Unit | null): void {
  const unit = known ?? makeUnit(text, label);
  const cells = unit.prose ? null : commaCells(text);
  if (unit.prose) pushProse(units, text, true, unit);
  else if (cells === null) units.push(unit);
  else for (const cell of cells) units.push(makeUnit(cell, label));
}

const OPEN_END = /[^.!?:;。！？]["'”’)\]]{0,3}$/;
const LOWER_START = /^["'(]?\p{Ll}/u;

/** Lines of one paragraph: wrapped prose is joined, what stands alone is not. */
class Paragraph {
  private lines: string[] = [];
  private last: Unit | null = null;
  private prose = false;

  constructor(private readonly units: UnitStream) {}

  line(text: string): void {
    const unit = makeUnit(text, '');
    const open = this.last !== null && OPEN_END.test(this.last.text.slice(-8));
    if (open && (this.prose || (unit.prose && LOWER_START.test(text)))) this.prose = true;
    else {
      this.end();
      this.prose = unit.prose;
    }
    this.lines.push(text);
    this.last = unit;
  }

  end(): void {
    if (this.last === null) return;
    const [only] = this.lines;
    if (!this.prose) pushAlone(this.units, only!, '', this.last);
    else if (this.lines.length === 1) pushProse(this.units, only!, true, this.last);
    else pushProse(this.units, this.lines.join(' '), true, null);
    this.last = null;
    this.lines = [];
    this.prose = false;
  }
}

const POINTERS = new Set(
  `it its them this that these those one ones both all everything following below above here there such so same
  accordingly thereto therein herewith`.split(/\s+/),
);
/** Words of an order that are about something, the verb included, from which on it says itself what. */
const OWN_WORDS = 2;

/** An order that leaves what it is about to what stands beside it: "do this", "buy it", "as follows:", "execute". */
function pointsOut({ text, tokens }: Unit): boolean {
  let own = 0;
  for (const { word, roles } of tokens) {
    if (POINTERS.has(word)) return true;
    if ((roles & (ROLE.function | ROLE.leadIn | ROLE.request)) === 0) own += 1;
  }
  return own < OWN_WORDS || text.trimEnd().endsWith(':');
}

/** Whether a sentence begins by pointing at the one before: "It is …", "This …". */
function pointsBack(tokens: readonly Token[]): boolean {
  return POINTERS.has(tokens[0]?.word ?? '') || POINTERS.has(tokens[1]?.word ?? '');
}

/** Units that wait for an instruction after them. */
const WAITING_UNITS = 256;

/**
 * Hands units on with their mood, holding few at a time: an order covers the sentence beside it where one points to the
 * other; labels and cells are covered in any case, and pass it on along their run, `reach` units far.
 */
class UnitStream {
  private waiting: Unit[] = [];
  private left = 0;
  /** The last order is about something that is not said in it. */
  private pointing = false;

  constructor(
    private readonly reach: number,
    private readonly visit: (unit: Unit) => void,
  ) {}

  push(unit: Unit): void {
    const covered = this.left > 0 && (!unit.prose || this.pointing || pointsBack(unit.tokens));
    if (covered) unit.imperative = true;
    if (unit.instructs) {
      unit.imperative = true;
      this.left = this.reach;
      this.pointing = pointsOut(unit);
      this.markBefore();
    } else this.left = unit.prose ? 0 : this.left - 1;
    this.waiting.push(unit);
    if (this.waiting.length >= WAITING_UNITS) this.flush(this.reach);
  }

  private markBefore(): void {
    const last = this.waiting.length - 1;
    for (let i = last; i >= 0 && i > last - this.reach; i--) {
      const before = this.waiting[i]!;
      if (before.prose && !this.pointing) return;
      before.imperative = true;
      if (before.prose) return;
    }
  }

  flush(keep: number): void {
    const ready = this.waiting.length - keep;
    for (let i = 0; i < ready; i++) this.visit(this.waiting[i]!);
    this.waiting = this.waiting.slice(Math.max(0, ready));
  }
}

function pushLine(units: UnitStream, paragraph: Paragraph, line: string): void {
  const item = ITEM.exec(line.slice(0, 16));
  const body = item === null ? line : line.slice(item[0].length);
  const labelled = labelOf(body);
  const alone = item !== null || labelled !== null || cellsOf(body) !== null;
  if (!alone && body.length <= MAX_SENTENCE_CHARS) {
    paragraph.line(body);
    return;
  }
  paragraph.end();
  const rest = labelled?.rest ?? body;
  if (rest.length > MAX_SENTENCE_CHARS && cellsOf(rest) === null) pushProse(units, rest, false, null);
  else pushAlone(units, rest, labelled?.label ?? '', null);
}

/** Visits all units of a text, in order. Linear in its length. `reach` = label lines that an instruction beside them covers. */
export function visitUnits(text: string, reach: number, visit: (unit: Unit) => void): void {
  const units = new UnitStream(reach, visit);
  const paragraph = new Paragraph(units);
  for (const raw of text.split(/\r?\n|\r/)) {
    const line = raw.trim();
    if (line === '' || RULE.test(line)) paragraph.end();
    else pushLine(units, paragraph, line);
  }
  paragraph.end();
  units.flush(0);
}
