/** A share of clocks: the file `Europe/Berlin.txt` holds the time in Berlin at the moment when it is read. */
import { virtualBackend } from '../src/backends/virtual/index.ts'

const zones = new Map([
  ['Asia', ['Kolkata', 'Tokyo']],
  ['Europe', ['Berlin', 'Lisbon']],
])

/** The zone that a path stands for: `['Europe', 'Berlin.txt']` is `Europe/Berlin`. */
function zoneOf([region = '', file = '']: readonly string[]): string | undefined {
  const city = zones.get(region)?.find((name) => `${name}.txt` === file)
  return city === undefined ? undefined : `${region}/${city}`
}

/** `2026-11-20 09:41:00 Europe/Berlin`: of the same length at any time, for the size has to be known beforehand. */
function clockText(timeZone: string, now: Date): Uint8Array {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  return new TextEncoder().encode(`${format.format(now)} ${timeZone}\n`)
}

export const clockBackend = (now: () => Date = () => new Date()) =>
  virtualBackend({
    stat(path) {
      if (path.length === 1 && zones.has(path[0] ?? '')) return { modified: now() }
      const zone = zoneOf(path)
      return zone === undefined ? undefined : { size: clockText(zone, now()).length, modified: now() }
    },
    list(path) {
      const [region] = path
      return region === undefined ? [...zones.keys()] : (zones.get(region) ?? []).map((city) => `${city}.txt`)
    },
    read(path, offset, length) {
      return clockText(zoneOf(path) ?? 'UTC', now()).subarray(offset, offset + length)
    },
  })
