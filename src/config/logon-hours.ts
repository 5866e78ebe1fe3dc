/** Days as they are written, in the order of a week of logon hours. */
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const hoursPerDay = 24
const bytes = 21

const dayOf = (text: string): number => days.findIndex((day) => day.toLowerCase() === text.toLowerCase())

/**
 * `Mon-Fri 8-18, Sat 9-12`: hours of UTC, from the first on and up to the last. A bit an hour from Sunday 00:00 on;
 * undefined where the text is none.
 */
export function parseHours(text: string): Uint8Array | undefined {
  const hours = new Uint8Array(bytes)
  for (const part of text.split(',')) {
    const match = /^\s*([a-z]{3})(?:-([a-z]{3}))?\s+(\d{1,2})-(\d{1,2})\s*$/i.exec(part)
    if (match === null) return undefined
    const [, first = '', last = first, begin = '', end = ''] = match
    const [from, to, start, stop] = [dayOf(first), dayOf(last), Number(begin), Number(end)]
    if (from < 0 || to < 0 || start >= stop || stop > hoursPerDay) return undefined
    // Sat-Mon goes over the end of the week.
    for (let day = from; ; day = (day + 1) % days.length) {
      for (let hour = day * hoursPerDay + start; hour < day * hoursPerDay + stop; hour++)
        hours[hour >> 3] = (hours[hour >> 3] ?? 0) | (1 << (hour & 7))
      if (day === to) break
    }
  }
  return hours
}

/** As `parseHours` reads it, days with the same hours together. */
export function formatHours(hours: Uint8Array): string {
  const spans = days.map((_, day) => spansOf(hours, day))
  const parts: string[] = []
  for (let first = 0; first < days.length; ) {
    let last = first
    while (last + 1 < days.length && String(spans[last + 1]) === String(spans[first])) last++
    const name = first === last ? days[first] : `${days[first]}-${days[last]}`
    for (const span of spans[first] ?? []) parts.push(`${name} ${span}`)
    first = last + 1
  }
  return parts.join(', ')
}

/** `8-12` and so on, of one day. */
function spansOf(hours: Uint8Array, day: number): string[] {
  const isSet = (hour: number): boolean => {
    const bit = day * hoursPerDay + hour
    return hour < hoursPerDay && ((hours[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
  }
  const spans: string[] = []
  for (let hour = 0; hour < hoursPerDay; hour++) {
    if (!isSet(hour)) continue
    const start = hour
    while (isSet(hour)) hour++
    spans.push(`${start}-${hour}`)
  }
  return spans
}
