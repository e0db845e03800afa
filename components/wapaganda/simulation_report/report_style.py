"""The report's style sheet: light and dark by the reader's system, and for paper."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2129; --soft: #5b6270; --rule: #e3e1dc; --grid: #ecebe7;
  --good: #0b7a4b; --bad: #b3261e; --warn-paper: #fff6e0; --warn-rule: #e5c36a; --accent: #2457c5;
  --c0: #70757f; --c1: #2563d9; --c2: #d1570b; --c3: #0a8570; --c4: #8a3fc0; --c5: #c7286a; --c6: #8a6d00;
  --c7: #0e86b5; }
@media screen and (prefers-color-scheme: dark) { :root {
  --paper: #14161a; --card: #1b1e24; --ink: #e8e9ec; --soft: #a2a9b6; --rule: #30343d; --grid: #2a2e36;
  --good: #55cf97; --bad: #ff8f86; --warn-paper: #2d2612; --warn-rule: #77611e; --accent: #8db2ff;
  --c0: #9aa1ad; --c1: #74a3ff; --c2: #ff9a52; --c3: #43cdb2; --c4: #c793f5; --c5: #ff7fae; --c6: #dcbc45;
  --c7: #5ec8f0; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 44px 28px 80px; }
h1 { font-size: 31px; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 6px; text-wrap: balance; }
h2 { font-size: 21px; letter-spacing: -.01em; margin: 56px 0 4px; padding-top: 20px;
  border-top: 1px solid var(--rule); }
h3 { font-size: 15px; margin: 0 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0 14px; max-width: 78ch; }
.facts, .lead { color: var(--soft); }
.facts { margin: 0 0 22px; overflow-wrap: anywhere; max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px;
  margin: 0 0 26px; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 14px 18px; }
.tiles b { display: block; font-size: 27px; line-height: 1.2; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tiles span { display: block; color: var(--soft); font-size: 13.5px; line-height: 1.4; }
.tiles em { display: block; font-style: normal; font-size: 13.5px; font-weight: 600;
  overflow-wrap: anywhere; }
.headlines { list-style: none; padding: 0; margin: 0; display: grid; gap: 10px; }
.headlines li { background: var(--card); border: 1px solid var(--rule); border-left: 5px solid var(--c);
  border-radius: 10px; padding: 12px 18px; overflow-wrap: anywhere; }
.headlines p { margin: 0; max-width: none; }
.arm { font-weight: 650; }
.verdict { float: right; margin: 1px 0 4px 14px; padding: 1px 11px; border-radius: 99px; font-size: 13px;
  border: 1px solid currentColor; color: var(--soft); white-space: nowrap; }
.verdict.better { color: var(--good); } .verdict.worse { color: var(--bad); }
.warn { background: var(--warn-paper); border: 1px solid var(--warn-rule); border-radius: 10px;
  padding: 12px 18px; margin: 0 0 18px; overflow-wrap: anywhere; }
.warn h3 { margin: 0 0 2px; } .warn ul { margin: 0; padding-left: 20px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 0; margin: 14px 0 10px;
  font-size: 14px; }
.legend li { display: flex; align-items: center; gap: 8px; overflow-wrap: anywhere; }
.swatch { width: 30px; height: 12px; flex: none; vertical-align: -1px; margin-right: 8px; overflow: visible; }
.legend .swatch { margin-right: 0; }
.panels { display: grid; gap: 16px; margin: 0 0 16px; }
.two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
.three { grid-template-columns: repeat(3, minmax(0, 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
  padding: 14px 14px 8px; break-inside: avoid; min-width: 0; }
figcaption { font-size: 14px; font-weight: 600; margin: 0 2px 4px; overflow-wrap: anywhere; }
figcaption small { font-weight: 400; color: var(--soft); display: block; font-size: 13px; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
svg .level-name { font-size: 10px; } svg .row-name { font-size: 12px; fill: var(--ink); }
.none { fill: var(--rule); } .wide { overflow-x: auto; } .wide > svg { min-width: 640px; }
.grid { stroke: var(--grid); } .axis { stroke: var(--soft); stroke-width: .8; }
.level { stroke: var(--soft); stroke-dasharray: 2 3; stroke-width: .9; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
.s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
.before { --c: var(--c0); }
.curve { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.curve.before { stroke-dasharray: 4 4; stroke-width: 1.4; }
.band { fill: var(--c); opacity: .12; }
.hair { stroke: var(--c); opacity: .4; stroke-width: 1; }
.mark { fill: var(--c); stroke: var(--card); stroke-width: 1; }
.mark.hollow, .mark.before { fill: var(--card); stroke: var(--c); stroke-width: 1.6; }
.scroll { overflow-x: auto; margin: 12px 0; border-radius: 8px; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 4px 0 6px; }
caption small { font-weight: 400; color: var(--soft); margin-left: 10px; font-size: 13px; }
th, td { padding: 6px 12px; text-align: right; border-bottom: 1px solid var(--rule); vertical-align: top; }
thead th { color: var(--soft); font-weight: 550; font-size: 13px; vertical-align: bottom;
  border-bottom-color: var(--soft); }
th:first-child { text-align: left; padding-left: 2px; }
tbody th { font-weight: 550; min-width: 90px; max-width: 330px; overflow-wrap: break-word; }
.named { display: inline-flex; align-items: center; }
thead .named { flex-direction: column; align-items: flex-end; gap: 3px; } thead .swatch { margin: 0; }
td i { color: var(--soft); }
.under { display: block; color: var(--soft); font-size: 12.5px; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); }
.pairs td { text-align: left; overflow-wrap: anywhere; } .pairs { max-width: 780px; }
.pairs thead { display: none; }
details { margin: 10px 0; }
summary { cursor: pointer; color: var(--accent); font-size: 14px; width: fit-content; }
footer { margin-top: 60px; padding-top: 16px; border-top: 1px solid var(--rule); color: var(--soft);
  font-size: 13.5px; }
@media (max-width: 900px) { .three { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 640px) { main { padding: 26px 16px 60px; } .two, .three { grid-template-columns: 1fr; }
  .verdict { float: none; display: inline-block; margin: 0 0 6px; } }
@media print { :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444;
    --rule: #ccc; --grid: #e6e6e6; }
  @page { margin: 14mm; }
  body { font-size: 11pt; } main { padding: 0; max-width: none; } h2 { margin-top: 26px; break-after: avoid; }
  .headlines li, .tiles li, .warn, tr { break-inside: avoid; } .scroll { overflow: visible; }
  summary { display: none; } details::details-content { content-visibility: visible; block-size: auto; }
  table { font-size: 8.5pt; } th, td { padding: 3px 5px; } tbody th { min-width: 0; } }
"""
