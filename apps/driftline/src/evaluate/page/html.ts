/** HTML as text; everything that is not markup goes through `escape`. */
export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface Column {
  title: string;
  /** Numbers stand to the right. */
  text?: boolean;
  /** What the column means, shown when it is pointed at. */
  hint?: string;
}

export interface Row {
  /** Markup. */
  cells: string[];
  /** Stands out: sums, pooled figures. */
  strong?: boolean;
}

/** `caption` is text, cells are markup. */
export function table(caption: string, columns: readonly Column[], rows: readonly Row[]): string {
  const head = columns.map(({ title, text, hint }) => {
    const title_ = hint === undefined ? '' : ` title="${escape(hint)}"`;
    return `<th scope="col"${text ? ' class="t"' : ''}${title_}>${escape(title)}</th>`;
  });
  const body = rows.map(({ cells, strong }) => {
    const marked = cells.map((cell, i) => `<td${columns[i]?.text ? ' class="t"' : ''}>${cell}</td>`);
    return `<tr${strong ? ' class="s"' : ''}>${marked.join('')}</tr>`;
  });
  return [
    '<div class="scroll"><table>',
    `<caption>${escape(caption)}</caption>`,
    `<thead><tr>${head.join('')}</tr></thead>`,
    `<tbody>${body.join('\n')}</tbody></table></div>`,
  ].join('\n');
}

/** A name that may be used as the fragment of an address. */
export function anchor(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
