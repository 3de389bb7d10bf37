/**
 * The verbs of SQL, for catalogues that say what a call does by its statement. No parser: it reads what is certain in
 * every dialect, and says so where it is not. What functions, views and triggers do is not seen.
 */

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}

/** Statements that an operator can name. */
export const SQL_VERBS = words(`
  SELECT VALUES SHOW DESCRIBE DESC EXPLAIN INSERT UPDATE DELETE MERGE REPLACE UPSERT TRUNCATE CREATE ALTER DROP RENAME
  COMMENT GRANT REVOKE DENY CALL EXEC EXECUTE DO COPY LOAD BULK IMPORT EXPORT BACKUP RESTORE SET USE PRAGMA ATTACH DETACH
  BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE LOCK UNLOCK ANALYZE VACUUM REINDEX KILL SHUTDOWN INTO
`);

/**
 * What changes something wherever it stands: in a common table expression, behind EXPLAIN ANALYZE, or behind another
 * statement without a semicolon, which T-SQL takes. INTO makes a table or a file of what is selected.
 */
const CHANGING = new Set(
  words(`
    INSERT UPDATE DELETE MERGE DROP ALTER CREATE TRUNCATE GRANT REVOKE DENY EXEC EXECUTE BACKUP RESTORE KILL SHUTDOWN
    BULK DBCC RECONFIGURE INTO
  `),
);
/** INTO behind these says nothing that they do not say. */
const INTO_OWNERS = new Set(['INSERT', 'MERGE', 'REPLACE', 'UPSERT']);

/** Longer statements are not read. */
const MAX_SQL_CHARS = 16_384;

/** Upper-case verbs of all statements in the text; null when it cannot be said for sure what they are. */
export function sqlVerbs(text: string): string[] | null {
  if (text.length > MAX_SQL_CHARS) return null;
  const plain = withoutQuotes(text);
  // A number ends where letters begin, in some dialects: `1e3DROP` is two words there.
  if (plain === null || /(?<![\p{L}\p{N}_$.])\.?\d[\d.]*[\p{L}_]/u.test(plain)) return null;
  const verbs = plain.split(';').flatMap(statementVerbs);
  return verbs.length === 0 ? null : [...new Set(verbs)];
}

function statementVerbs(statement: string): string[] {
  // A name behind a dot is a column or a table, whatever it is called.
  const found = statement.toUpperCase().match(/(?:(?<!\d)\.\s*)?[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  const [first] = found;
  // Without a word it is empty, or nothing that anybody could name.
  if (first === undefined) return statement.trim() === '' ? [] : ['?'];
  const changing = found.filter((word, at) => at > 0 && CHANGING.has(word) && !isPart(word, found[at - 1]!));
  // What follows WITH is a read unless it says otherwise.
  return first === 'WITH' ? (changing.length > 0 ? changing : ['SELECT']) : [first, ...changing];
}

/** FOR UPDATE locks what is read, INSERT INTO is one verb. */
function isPart(word: string, before: string): boolean {
  return (word === 'UPDATE' && before === 'FOR') || (word === 'INTO' && INTO_OWNERS.has(before));
}

/**
 * Without comments and quoted text. Null where one does not end, or dialects disagree about where it does: what is text
 * to one server is a statement to another.
 */
function withoutQuotes(text: string): string | null {
  const kept: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = isQuote(text, at) ? quoteEnd(text, at) : isComment(text, at) ? commentEnd(text, at) : at;
    if (end === null) return null;
    if (end > at) kept.push(' ');
    else if (isDoubtful(text, at)) return null;
    else kept.push(text[at]!);
    at = Math.max(end, at + 1);
  }
  return kept.join('');
}

function isQuote(text: string, at: number): boolean {
  return '\'"`['.includes(text[at]!);
}

/** Behind it; null = nobody knows. */
function quoteEnd(text: string, at: number): number | null {
  const opens = text[at]!;
  const closes = opens === '[' ? ']' : opens;
  const end = text.indexOf(closes, at + 1);
  if (end < 0) return null;
  // A backslash may or may not take the quote behind it along; a letter before may change what ends it.
  const escaped = text[end - 1] === '\\' || (opens === "'" && /q/i.test(text[at - 1] ?? ''));
  // Only some dialects know these as quotes.
  const rare = opens === '[' || opens === '`';
  const mixed = rare && (/['"`[;]/.test(text.slice(at + 1, end)) || text[end + 1] === closes);
  return escaped || mixed ? null : end + 1;
}

function isComment(text: string, at: number): boolean {
  return text.startsWith('--', at) || text.startsWith('/*', at);
}

/** Behind it; null = nobody knows. */
function commentEnd(text: string, at: number): number | null {
  if (text[at] === '-') {
    // Without a space it is minus minus to some.
    if (!/^\s?$/.test(text[at + 2] ?? '')) return null;
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  }
  const end = text.indexOf('*/', at + 2);
  if (end < 0) return null;
  // They nest or not, and some are run.
  const inside = text.slice(at + 2, end);
  return inside.includes('/*') || /^m?!/i.test(inside) ? null : end + 2;
}

/** A comment or a quote to some, and a command to some clients. `$1` is a parameter. */
function isDoubtful(text: string, at: number): boolean {
  const c = text[at]!;
  return c === '#' || c === '\\' || c === '\0' || (c === '$' && !/\d/.test(text[at + 1] ?? ''));
}
