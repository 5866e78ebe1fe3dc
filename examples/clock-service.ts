/** An RPC service of one's own: the time of any zone, over the pipe `clock`. */
import { filetime, op, rpcInterface, service, u32, unique, wideString } from '../src/rpc/index.ts'

export const Clock = rpcInterface(
  'clock',
  { uuid: '3f2b8d1e-6c54-4a0f-9a57-0e1c2d3b4a5f', version: '1.0', pipe: 'clock' },
  {
    /** `result` is a Win32 code: 87 for a zone that nobody knows. */
    Now: op(0, 'Now', {
      in: { zone: unique(wideString) },
      out: { time: filetime, text: unique(wideString), result: u32 },
    }),
  },
)

const SECONDS_1601_TO_1970 = 11_644_473_600n

export const clockService = (now: () => Date = () => new Date()) =>
  service(Clock, {
    Now({ zone }) {
      const date = now()
      const time = BigInt(date.getTime()) * 10_000n + SECONDS_1601_TO_1970 * 10_000_000n
      try {
        const text = date.toLocaleString('sv-SE', { timeZone: zone ?? 'UTC' })
        return { time, text, result: 0 }
      } catch {
        return { time, text: null, result: 87 }
      }
    },
  })
