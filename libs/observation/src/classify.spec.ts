import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Catalogue, CatalogueEntry } from '#drift';
import { classifyTool, globMatches, type ToolIdentity } from './classify.js';

const entry = (server: string, tool: string, more: Partial<CatalogueEntry> = {}): CatalogueEntry => ({
  server,
  tool,
  effect: 'read',
  trust: 'own',
  dataClasses: [],
  resource: null,
  destination: null,
  facts: [],
  canary: false,
  ...more,
});
const catalogueOf = (...tools: CatalogueEntry[]): Catalogue => ({
  tools,
  internalDomains: [],
  internalAccounts: [],
  canaryResources: [],
});

interface EffectCase extends Partial<ToolIdentity> {
  tool: string;
  effect: string;
  effectSource?: string;
}
const file = new URL('../../../test/cases/observation/effects.json', import.meta.url);

describe('classifyTool without a catalogue', () => {
  it.each(JSON.parse(readFileSync(file, 'utf8')) as EffectCase[])(
    '$tool $annotations: $effect',
    ({ effect, effectSource = 'guess', trusted = false, ...tool }) => {
      const found = classifyTool(catalogueOf(), { server: 's', trusted, ...tool });
      expect(found).toMatchObject({ effect, effectSource, uncatalogued: !trusted, entry: null });
    },
  );
});

describe('classifyTool with a catalogue', () => {
  it('takes the most specific entry, whatever the order', () => {
    const tools = [
      entry('*', '*', { effect: 'unknown' }),
      entry('bank', '*', { effect: 'write' }),
      entry('*', 'send_*', { effect: 'send' }),
      entry('bank', 'send_*', { effect: 'admin' }),
      entry('*', 'send_money', { effect: 'execute' }),
    ];
    for (const list of [tools, tools.toReversed()]) {
      const effect = (server: string, tool: string) =>
        classifyTool(catalogueOf(...list), { server, trusted: true, tool }).effect;
      expect(effect('bank', 'send_money')).toBe('execute');
      expect(effect('bank', 'send_mail')).toBe('admin');
      expect(effect('mail', 'send_mail')).toBe('send');
      expect(effect('bank', 'x')).toBe('write');
      expect(effect('mail', 'x')).toBe('unknown');
    }
  });

  it('goes before annotations and names', () => {
    const catalogue = catalogueOf(
      entry('s', 'get_*', { effect: 'send', trust: 'third-party', dataClasses: ['x'] }),
    );
    const tool = { server: 's', trusted: true, tool: 'get_it', annotations: { readOnlyHint: true } };
    expect(classifyTool(catalogue, tool)).toMatchObject({
      effect: 'send',
      effectSource: 'catalogue',
      uncatalogued: false,
      trust: 'third-party',
      dataClasses: ['x'],
    });
  });

  it('believes openWorldHint of trusted servers only', () => {
    const tool = { server: 's', tool: 'get_it', annotations: { openWorldHint: true } };
    expect(classifyTool(catalogueOf(), { ...tool, trusted: true }).trust).toBe('third-party');
    expect(classifyTool(catalogueOf(), { ...tool, trusted: false }).trust).toBe('unknown');
  });
});

describe('globMatches', () => {
  it.each([
    ['*', '', true],
    ['a*c', 'abc', true],
    ['a*c', 'abcd', false],
    ['a*b*c', 'axxbyyc', true],
    ['a.c', 'abc', false],
    ['', 'a', false],
  ])('%s on %s', (glob, text, expected) => expect(globMatches(glob, text)).toBe(expected));
});
