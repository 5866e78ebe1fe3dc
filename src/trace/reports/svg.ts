/** Plots as inline SVG, without a library: a page that is one file needs two kinds of them. */

const WIDTH = 760
const HEIGHT = 150
const LEFT = 60
const BOTTOM = 20
const TOP = 8

interface Series {
  readonly name: string
  readonly color: string
  readonly values: readonly number[]
}

/** Text that may stand in HTML and SVG. */
export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** Areas over time, one before the other. `unit` writes a value, `seconds` is what the width covers. */
export function areaPlot(
  title: string,
  series: readonly Series[],
  seconds: number,
  unit: (value: number) => string,
): string {
  const most = Math.max(1e-12, ...series.flatMap(({ values }) => values))
  const length = Math.max(1, ...series.map(({ values }) => values.length))
  const x = (index: number) => LEFT + (index / length) * (WIDTH - LEFT)
  const y = (value: number) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM)
  const areas = series.map(({ color, values }) => {
    const points = values.flatMap((value, index) => [
      `${x(index).toFixed(1)},${y(value).toFixed(1)}`,
      `${x(index + 1).toFixed(1)},${y(value).toFixed(1)}`,
    ])
    return `<polygon points="${x(0)},${y(0)} ${points.join(' ')} ${x(values.length).toFixed(1)},${y(0)}" fill="${color}" fill-opacity="0.55"/>`
  })
  const lines = [0, 0.5, 1].map((part) => {
    const level = y(most * part).toFixed(1)
    return `<line x1="${LEFT}" x2="${WIDTH}" y1="${level}" y2="${level}" class="g"/><text x="${LEFT - 5}" y="${Number(level) + 4}" text-anchor="end">${escaped(unit(most * part))}</text>`
  })
  const times = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<text x="${LEFT + part * (WIDTH - LEFT)}" y="${HEIGHT - 4}" text-anchor="${part === 1 ? 'end' : 'middle'}">${(seconds * part).toPrecision(3)} s</text>`,
  )
  const legend = series.map(({ name, color }) => `<i style="background:${color}"></i>${escaped(name)} `).join('')
  return `<figure><figcaption>${escaped(title)} <small>${legend}</small></figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">${lines.join('')}${areas.join('')}${times.join('')}</svg></figure>`
}

/** Bars, one a line: median, 95 of 100 and the longest. */
export function rangePlot(
  title: string,
  rows: readonly { readonly name: string; readonly values: readonly number[] }[],
  unit: (value: number) => string,
): string {
  const all = rows.flatMap(({ values }) => values).filter((value) => value > 0)
  if (all.length === 0) return ''
  // Response times span from microseconds to minutes: the scale is logarithmic.
  const least = Math.log10(Math.min(...all))
  const span = Math.max(0.1, Math.log10(Math.max(...all)) - least)
  const left = 170
  const line = 20
  const x = (value: number) => left + ((Math.log10(Math.max(value, 10 ** least)) - least) / span) * (WIDTH - left - 90)
  const height = rows.length * line + 6
  const bars = rows.map(({ name, values: [median = 0, p95 = 0, max = 0] }, index) => {
    const top = index * line + 5
    return `<text x="${left - 8}" y="${top + 11}" text-anchor="end">${escaped(name)}</text><line x1="${x(median)}" x2="${x(max)}" y1="${top + 7}" y2="${top + 7}" class="r"/><rect x="${x(median)}" y="${top + 2}" width="${Math.max(2, x(p95) - x(median))}" height="10" class="b"/><text x="${x(max) + 6}" y="${top + 11}">${escaped(unit(max))}</text>`
  })
  return `<figure><figcaption>${escaped(title)} <small>bar: median to 95 of 100; line: to the longest</small></figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">${bars.join('')}</svg></figure>`
}
