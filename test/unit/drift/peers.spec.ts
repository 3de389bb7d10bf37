/** What peers do stands in for the experience that a young agent does not have. */
import { describe, expect, it } from 'vitest';
import type { Baseline, PeerCounts, Policy } from '#drift';
import { countActivities, defaultPolicy, noCounts, sealBaseline } from '#policy';
import { Story } from './story.js';

const shipped = defaultPolicy();
const ROLE = { name: 'writers', match: ['/agent/report-writer'], asserted: false };

function among(counts: Partial<PeerCounts>): Policy {
  const baseline: Baseline = sealBaseline({ writers: { ...noCounts(), ...counts } });
  return { ...shipped, roles: [ROLE], baseline };
}

const kinds = (story: Story) => story.last!.evidence.map(({ key }) => key.split('@')[0]);

describe('a data class', () => {
  const read = (policy: Policy) => {
    const story = new Story(policy);
    story.result({ dataClasses: ['credential'] });
    return story;
  };

  it('is no surprise where half of the peers’ tasks touch it', () => {
    expect(kinds(read(among({ tasks: 100, calls: 500, classes: { credential: 50 } })))).toEqual([]);
  });

  it('surprises all the more where no peer ever touched it', () => {
    const [alone, rare] = [read(shipped), read(among({ tasks: 5_000, calls: 9_000 }))];
    expect(kinds(rare)).toEqual(['data-class/credential']);
    expect(rare.last!.risk).toBeGreaterThanOrEqual(alone.last!.risk);
  });

  it('is judged by the agent’s own past once it has one', () => {
    const story = new Story(among({ tasks: 5_000, calls: 9_000 }));
    for (let i = 0; i < 300; i++) story.result({ dataClasses: ['credential'] });
    expect(kinds(story)).toEqual([]);
  });
});

describe('an effect', () => {
  it('without precedent among peers is an escalation, even of an agent that is new', () => {
    const peers = { tasks: 200, calls: 1_000, effects: { read: 200, write: 90 } };
    const story = new Story(among({ ...peers, tools: { 'files/wipe': 100 }, servers: { files: 200 } }));
    story.call({ effect: 'delete', tool: 'wipe' });
    expect(kinds(story)).toEqual(['escalation/precedent/delete']);
    expect(story.last!.evidence[0]!.explanation).toContain('its peers hardly ever do');
    story.call({ effect: 'write', tool: 'wipe' });
    expect(kinds(story)).toEqual([]);
  });
});

describe('a tool', () => {
  const peers = {
    tasks: 2_000,
    calls: 9_000,
    effects: { read: 2_000, write: 900 },
    servers: { files: 2_000 },
  };

  it('that peers use is no news to an agent that is new', () => {
    const story = new Story(among({ ...peers, tools: { 'files/write_file': 600 } }));
    story.call({ effect: 'write', tool: 'write_file' });
    expect(kinds(story)).toEqual([]);
  });

  it('that hardly any peer uses is', () => {
    const story = new Story(among({ ...peers, tools: { 'files/write_file': 600 } }));
    story.call({ effect: 'write', tool: 'share_file' });
    expect(kinds(story)).toEqual(['novelty/tool/files/share_file']);
  });

  it('that no peer uses says nothing where peers are few', () => {
    const story = new Story(among({ ...peers, tasks: 5 }));
    story.call({ effect: 'write', tool: 'share_file' });
    expect(kinds(story).filter((kind) => kind?.startsWith('novelty'))).toEqual([]);
  });
});

describe('volume', () => {
  it('is far above what peers have in a busy window', () => {
    const measures = { ...noCounts().measures, recordsPerWindow: [0, 0, 0, 0, 100] };
    const story = new Story(among({ tasks: 100, calls: 400, measures }));
    story.result({ records: 2_000 });
    expect(kinds(story)).toEqual([]);
    story.result({ records: 1_000 });
    expect(kinds(story)).toEqual(['rate/records']);
    expect(story.last!.evidence[0]!.explanation).toContain('where 30 are usual');
  });
});

describe('peers', () => {
  it('are for agents of their role alone, and not for those that only claim the name', () => {
    const policy = among({ tasks: 5_000, calls: 9_000, classes: { credential: 4_000 } });
    const read = (who: object) => {
      const story = new Story(policy);
      story.result({ dataClasses: ['credential'], ...who });
      return kinds(story);
    };
    expect(read({})).toEqual([]);
    expect(read({ agent: 'spiffe://acme.example/agent/other' })).toEqual(['data-class/credential']);
    expect(read({ assurance: 'asserted' })).toEqual(['data-class/credential']);
  });

  it('counted from an agent’s own ordinary work find that work ordinary', () => {
    const story = new Story(shipped);
    const seen: Parameters<Story['fold']>[0][] = [];
    for (let task = 0; task < 40; task++) {
      for (const fields of [{}, { tool: 'write_file', effect: 'write' as const }]) {
        const call = story.aCall({ ...fields, task: `t${task}` });
        seen.push(call, story.aResult({ tool: call.tool, task: call.task, dataClasses: ['credential'] }));
      }
    }
    const { writers } = countActivities(seen, { roleOf: () => 'writers' });
    const again = new Story(among(writers!));
    again.call({ tool: 'write_file', effect: 'write' });
    again.result({ tool: 'write_file', dataClasses: ['credential'] });
    expect(again.state!.evidence).toEqual([]);
  });
});
