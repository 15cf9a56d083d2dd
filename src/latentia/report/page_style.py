"""The style of the page: one column, light or dark as the reader's system is, fit for a phone and for paper."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --ink: #1f2430; --muted: #5d6470; --rule: #e2e4e8; --panel: #ffffff; --soft: #f1f2f4;
  --accent: #0072b2; --warn: #b34a00; --warn-soft: #fdf3ea; --good: #00734f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --ink: #e4e6ea; --muted: #9aa1ad; --rule: #2c3038; --panel: #ffffff; --soft: #1d2026;
    --accent: #56b4e9; --warn: #f0a35e; --warn-soft: #2a2119; --good: #4cc79e;
  }
  .panel { filter: brightness(.92); border-color: transparent; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
}
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header p, section > p, figcaption, .warnings { max-width: 44rem; }
.kicker { color: var(--muted); font-size: .85rem; letter-spacing: .04em; margin: 0; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; margin: .2rem 0 1.2rem; }
h2 {
  font-size: 1.3rem; line-height: 1.3; margin: 3.2rem 0 .6rem; padding-top: 1rem;
  border-top: 1px solid var(--rule);
}
h3 { font-size: 1rem; margin: 2rem 0 .4rem; }
p { margin: .6rem 0; }
a { color: var(--accent); }
nav { margin: 1.6rem 0 0; font-size: .92rem; color: var(--muted); }
nav a { margin-right: 1.2rem; white-space: nowrap; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem;
  margin: 1.6rem 0; padding: 0;
}
.tile { background: var(--soft); border-radius: .5rem; padding: .75rem .9rem; }
.tile dt { color: var(--muted); font-size: .82rem; }
.tile dd { margin: 0; }
.tile .value { font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile .error { white-space: nowrap; font-size: .9rem; font-weight: 400; color: var(--muted); }
.tile .unit { color: var(--muted); font-size: .8rem; }
.warnings {
  border-left: 3px solid var(--warn); background: var(--warn-soft); border-radius: 0 .5rem .5rem 0;
  padding: .6rem 1.1rem; margin: 1.4rem 0;
}
.warnings h2 { all: unset; display: block; font-weight: 600; color: var(--warn); margin: .2rem 0 .3rem; }
.warnings ul { margin: 0; padding-left: 1.1rem; }
.warnings li { margin: .5rem 0; }
.fine { color: var(--good); }
figure { margin: 2.2rem 0 2.6rem; }
figure h3 { margin: 0 0 .5rem; font-size: 1.08rem; }
.panel {
  background: var(--panel); border: 1px solid var(--rule); border-radius: .6rem; padding: .6rem;
  overflow-x: auto;
}
.panel img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: .3rem; }
figcaption { color: var(--muted); font-size: .92rem; margin-top: .55rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .42rem .9rem .42rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 500; color: var(--muted); }
tbody th { white-space: nowrap; color: var(--ink); }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; font-weight: 600; }
td.unit, td.help { color: var(--muted); }
td.unit { min-width: 7.5rem; }
tr.changed td.number::after { content: " *"; color: var(--accent); }
.facts td { overflow-wrap: anywhere; }
.facts th { width: 11rem; }
code.option { white-space: nowrap; }
.scroll { overflow-x: auto; }
pre, code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86rem; }
pre { background: var(--soft); border-radius: .5rem; padding: .8rem 1rem; overflow-x: auto; line-height: 1.5; }
.commands { margin: 0; }
.commands dt { margin-top: .8rem; color: var(--muted); font-size: .92rem; }
.commands dd { margin: .15rem 0 0; }
.commands dd pre { margin: 0; padding: .5rem .8rem; }
details { margin: .8rem 0; }
summary { cursor: pointer; color: var(--accent); }
footer {
  margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule);
  color: var(--muted); font-size: .85rem;
}
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .panel img.wide { max-width: none; width: 44rem; }
  .stack thead { display: none; }
  .stack tr, .stack th, .stack td { display: block; border: 0; padding: 0; }
  .stack tr { border-bottom: 1px solid var(--rule); padding: .55rem 0; }
  .tiles { grid-template-columns: 1fr 1fr; }
}
@media print {
  :root {
    --page: #fff; --ink: #000; --muted: #444; --rule: #ccc; --panel: #fff; --soft: #f4f4f4;
    --accent: #004b75; --warn: #8a3800; --warn-soft: #fff; --good: #004d35;
  }
  html { font-size: 12px; }
  body { font-size: 1rem; }
  h2 { margin-top: 1.6rem; }
  figure { margin: 1.2rem 0 1.4rem; }
  .panel img { max-height: 9cm; object-fit: contain; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  .panel { filter: none; }
  figure, .warnings, tr, .tile { break-inside: avoid; }
  h2, h3, dt { break-after: avoid; }
}
"""
