/** The report as a page: one file that loads nothing. */
import { durationOf, sizeOf, timesOf } from '../evidence/names.ts'
import type { Finding } from '../model.ts'
import { whatOf } from './list.ts'
import type { Overview, Roll } from './overview.ts'
import { areaPlot, escaped, rangePlot } from './svg.ts'
import { PLACES, type ReportData, reportHead, reportHealth } from './text-report.ts'

const MOST = 25

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{text-align:left;padding:.2rem .5rem;border-bottom:1px solid #dde3ea;overflow-wrap:anywhere}td.n,th.n{text-align:right;white-space:nowrap}
details{border-left:4px solid #8aa;margin:.6rem 0;padding:.3rem .8rem;background:#f6f8fa}summary{font-weight:600;cursor:pointer}
.problem{border-color:#c62828}.warning{border-color:#e6a100}.note{border-color:#4a7fb5}.healthy{color:#1b7a3a}.ill{color:#c62828}
figure{margin:1rem 0}svg{width:100%;height:auto;font:10px system-ui,sans-serif;fill:#56606c}.g{stroke:#dde3ea}.r{stroke:#4a7fb5}.b{fill:#4a7fb5}
small i{display:inline-block;width:.7em;height:.7em;margin:0 .3em 0 .8em}
@media(prefers-color-scheme:dark){body{color:#d7dde4;background:#14191f}details{background:#1c232b}th,td{border-color:#2c3540}svg{fill:#9aa6b2}.g{stroke:#2c3540}}`

/** A page for browsers: what is this, is it healthy, what is wrong, how it went over time. */
export function htmlReport(data: ReportData): string {
  const { overview, findings, files } = data
  const isIll = findings.some(({ severity }) => severity !== 'note')
  const parts = [
    `<h1>${escaped(files.join(', '))}</h1>`,
    ...reportHead(data)
      .slice(1)
      .map((line) => `<p>${escaped(line)}</p>`),
    `<p class="${isIll ? 'ill' : 'healthy'}"><b>${escaped(reportHealth(overview, findings))}</b></p>`,
    ...findings.map(findingHtml),
    plots(overview),
    slowest(overview),
    ...(['command', 'file', 'user', 'share', 'server'] as const).map((by) => busiest(overview, by)),
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>smbkit trace: ${escaped(files.join(', '))}</title><style>${STYLE}</style></head>
<body>
${parts.filter((part) => part !== '').join('\n')}
</body></html>
`
}

function findingHtml({ severity, title, frames, count, rule, cause, advice }: Finding): string {
  const items = advice.map(({ where, text }) => `<li><b>${PLACES[where]}</b>: ${escaped(text)}</li>`).join('')
  const seen = `${frames.length === 0 ? '' : `Frames ${frames.join(', ')}; `}seen ${timesOf(count)}; rule ${rule}`
  const open = severity === 'problem' ? ' open' : ''
  return `<details class="${severity}"${open}><summary>${severity}: ${escaped(title)}</summary><p>${escaped(cause)}</p><ul>${items}</ul><p><small>${escaped(seen)}</small></p></details>`
}

function plots(overview: Overview): string {
  const { slices, sliceNs } = overview
  if (slices.length < 2) return ''
  const perSecond = 1e9 / sliceNs
  const seconds = (slices.length * sliceNs) / 1e9
  const throughput = areaPlot(
    'Data per second',
    [
      { name: 'read', color: '#4a7fb5', values: slices.map(({ readBytes }) => readBytes * perSecond) },
      { name: 'written', color: '#e6a100', values: slices.map(({ writtenBytes }) => writtenBytes * perSecond) },
    ],
    seconds,
    sizeOf,
  )
  const requests = areaPlot(
    'Requests per second',
    [
      { name: 'all', color: '#4a7fb5', values: slices.map(({ count }) => count * perSecond) },
      { name: 'errors', color: '#c62828', values: slices.map(({ errors }) => errors * perSecond) },
    ],
    seconds,
    (value) => value.toPrecision(3),
  )
  const slow = areaPlot(
    'Longest response time',
    [
      {
        name: 'waiting for changes, locks and pipes left out',
        color: '#7b5ea7',
        values: slices.map(({ maxNs }) => maxNs),
      },
    ],
    seconds,
    durationOf,
  )
  const commands = overview
    .busiest('command', MOST, ({ count }) => count)
    .map(({ name, durations }) => ({
      name,
      values: [durations.quantile(0.5), durations.quantile(0.95), durations.maxNs],
    }))
  return `<h2>Over time</h2>${throughput}${requests}${slow}${rangePlot('Response times by command', commands, durationOf)}`
}

const cell = (text: string, isNumber = false): string => `<td${isNumber ? ' class="n"' : ''}>${escaped(text)}</td>`

function slowest(overview: Overview): string {
  if (overview.slowest.length === 0) return ''
  const rows = overview.slowest.slice(0, MOST).map((transaction) => {
    const frames = `${transaction.request?.last.frame ?? '-'} / ${transaction.response?.last.frame ?? '-'}`
    return `<tr>${cell(durationOf(transaction.time.responseNs ?? 0), true)}${cell(frames, true)}${cell(transaction.commandName)}${cell(whatOf(transaction))}</tr>`
  })
  return `<h2>Slowest answers</h2><table><tr><th class="n">time<th class="n">frames<th>command<th>what</tr>${rows.join('')}</table>`
}

function busiest(overview: Overview, by: 'command' | 'file' | 'user' | 'share' | 'server'): string {
  const rolls = overview.busiest(by, MOST, ({ count }) => count)
  if (rolls.length === 0) return ''
  const row = ({ name, count, errors, bytes, durations }: Roll) => {
    const times = [durations.quantile(0.5), durations.quantile(0.95), durations.quantile(0.99), durations.maxNs]
    const cells = times.map((ns) => cell(durations.count === 0 ? '-' : durationOf(ns), true)).join('')
    return `<tr>${cell(String(count), true)}${cell(String(errors), true)}${cell(sizeOf(bytes), true)}${cells}${cell(name)}</tr>`
  }
  return `<h2>Busiest, by ${by}</h2><table><tr><th class="n">count<th class="n">errors<th class="n">data<th class="n">median<th class="n">p95<th class="n">p99<th class="n">max<th>${by}</tr>${rolls.map(row).join('')}</table>`
}
