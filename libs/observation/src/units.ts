/** Cuts one text into units: sentences of running prose, and lines, labels, list items and cells that stand alone. */
import { isImperative, isProse } from './mood.js';
import { tokenize, type Token } from './tokens.js';

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

function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  let from = 0;
  const push = (to: number): void => {
    while (to - from > MAX_SENTENCE_CHARS) {
      const gap = text.lastIndexOf(' ', from + MAX_SENTENCE_CHARS);
      const cut = gap > from ? gap : to;
      sentences.push(text.slice(from, cut));
      from = cut;
    }
    if (to > from) sentences.push(text.slice(from, to));
    from = to;
  };
  for (const end of text.matchAll(SENTENCE_END)) push(end.index + end[0].length);
  push(text.length);
  return sentences;
}

/** Sentences of a block of which one is prose are all prose. `whole` = the block as a unit, where it is known. */
function pushProse(units: Unit[], text: string, whole: Unit | null): void {
  const parts = sentencesOf(text);
  const sentences = parts.length === 1 && whole !== null ? [whole] : parts.map((part) => makeUnit(part, ''));
  const prose = sentences.some((unit) => unit.prose);
  for (const unit of sentences) {
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

function pushAlone(units: Unit[], text: string, label: string, known: Unit | null): void {
  const cells = cellsOf(text);
  if (cells === null) pushCell(units, text, label, known);
  else for (const cell of cells) pushCell(units, cell, label, null);
}

function pushCell(units: Unit[], text: string, label: string, known: Unit | null): void {
  const unit = known ?? makeUnit(text, label);
  const cells = unit.prose ? null : commaCells(text);
  if (unit.prose) pushProse(units, text, unit);
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

  constructor(private readonly units: Unit[]) {}

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
    const known = this.lines.length === 1 ? this.last : null;
    const text = this.lines.join(' ');
    if (this.prose) pushProse(this.units, text, known);
    else pushAlone(this.units, text, '', known);
    this.last = null;
    this.lines = [];
    this.prose = false;
  }
}

/** A unit is imperative with its neighbours; labels and cells pass it on along their run, a bounded way. */
function spreadMood(units: readonly Unit[], reach: number): void {
  const spread = (order: readonly Unit[]): void => {
    let left = 0;
    for (const unit of order) {
      if (left > 0) unit.imperative = true;
      if (unit.instructs) {
        unit.imperative = true;
        left = reach;
      } else left = unit.prose ? 0 : left - 1;
    }
  };
  spread(units);
  spread(units.toReversed());
}

/** All units of a text, linear in its length. `reach` = label lines that an instruction beside them covers. */
export function unitsOf(text: string, reach: number): Unit[] {
  const units: Unit[] = [];
  const paragraph = new Paragraph(units);
  for (const raw of text.split(/\r?\n|\r/)) {
    const line = raw.trim();
    if (line === '' || RULE.test(line)) {
      paragraph.end();
      continue;
    }
    const item = ITEM.exec(line.slice(0, 16));
    const body = item === null ? line : line.slice(item[0].length);
    const labelled = labelOf(body);
    if (item === null && labelled === null && cellsOf(body) === null) paragraph.line(body);
    else {
      paragraph.end();
      pushAlone(units, labelled?.rest ?? body, labelled?.label ?? '', null);
    }
  }
  paragraph.end();
  spreadMood(units, reach);
  return units;
}
