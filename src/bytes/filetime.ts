/** FILETIME: 100-nanosecond intervals since 1601-01-01 UTC, 64 bits (MS-DTYP 2.3.3). */
export type Filetime = bigint

const EPOCH_DIFFERENCE_100NS = 116_444_736_000_000_000n

/** From nanoseconds since 1970 (what `fs.Stats` has as bigint). Rounds towards the past. */
export function filetimeFromUnixNs(ns: bigint): Filetime {
  const ticks = ns >= 0n ? ns / 100n : (ns - 99n) / 100n
  return ticks + EPOCH_DIFFERENCE_100NS
}

export function unixNsFromFiletime(time: Filetime): bigint {
  return (time - EPOCH_DIFFERENCE_100NS) * 100n
}

export function filetimeFromDate(date: Date): Filetime {
  return BigInt(date.getTime()) * 10_000n + EPOCH_DIFFERENCE_100NS
}

export function dateFromFiletime(time: Filetime): Date {
  return new Date(Number((time - EPOCH_DIFFERENCE_100NS) / 10_000n))
}

/** For people: ISO 8601 with 100 ns, or what the special values mean (MS-FSCC 2.4.7). */
export function displayFiletime(time: Filetime): string {
  if (time === 0n) return '0 (not set)'
  const signed = BigInt.asIntN(64, time)
  if (signed < 0n) return `${signed} (special)`
  const date = dateFromFiletime(time)
  if (Number.isNaN(date.getTime())) return `${time}`
  const fraction = (time % 10_000_000n).toString().padStart(7, '0')
  return date.toISOString().replace(/\.\d+Z$/, `.${fraction}Z`)
}
