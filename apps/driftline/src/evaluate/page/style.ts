/** The page's one style sheet: readable in light and dark, on paper and on a phone. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c1f23; --faint: #5f6873; --rule: #d9dde2; --paper: #fff; --tint: #f4f6f8;
  --c0: #0b5cad; --c1: #c2410c; --c2: #15803d; --c3: #7e22ce; --c4: #b45309; --c5: #0e7490; --c6: #be185d; --c7: #4d5560; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --faint: #98a2ae; --rule: #353b43; --paper: #14171a; --tint: #1d2126;
  --c0: #6cb2ff; --c1: #fb923c; --c2: #5ecb85; --c3: #c594ff; --c4: #f0b54a; --c5: #4fc8de; --c6: #f58ab9; --c7: #a9b2bd; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 82rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { max-width: 46rem; } p { margin: .4rem 0; } .faint, figcaption, caption { color: var(--faint); } a { color: var(--c0); }
code { font-size: .92em; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .87rem; }
caption { text-align: left; padding-bottom: .3rem; font-size: .87rem; }
th { font-weight: 600; vertical-align: bottom; border-bottom: 1px solid var(--ink); } td { border-bottom: 1px solid var(--rule); }
th, td { padding: .22rem .42rem; text-align: right; white-space: nowrap; } .t { text-align: left; padding-left: 0; }
tr.s td { background: var(--tint); font-weight: 600; } td small { color: var(--faint); font-weight: 400; display: inline-block; min-width: 3.3em; text-align: left; }
th { white-space: normal; max-width: 8.5rem; } th[title] { text-decoration: underline dotted var(--faint); text-underline-offset: 3px; }
details { border-top: 1px solid var(--rule); padding: .5rem 0; } summary { cursor: pointer; font-weight: 600; } summary span { font-weight: 400; color: var(--faint); margin-left: .75rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 2rem; } figure { margin: .5rem 0; max-width: 34rem; } figcaption { font-size: .95rem; font-weight: 600; color: var(--ink); }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--faint); } svg .g { stroke: var(--rule); }
svg path { fill: none; stroke-width: 1.8; stroke-linejoin: round; } svg .d { stroke-dasharray: 5 3; }
${Array.from({ length: 8 }, (_, i) => `.c${i} { stroke: var(--c${i}); }`).join(' ')}
@media print { details { break-inside: avoid; } body { max-width: none; } }
`;
export const COLOURS = 8;
