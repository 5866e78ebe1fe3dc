/** What goes over this program's own connections, read as a capture is (`--explain`). */
import type { Server } from '../server/index.ts'
import { Diagnosis } from '../trace/diagnose.ts'
import { LiveAnalysis, type Sender } from '../trace/engine/live-analysis.ts'
import type { Endpoint } from '../trace/model.ts'
import { Overview } from '../trace/reports/overview.ts'
import { findingTexts, reportHealth } from '../trace/reports/text-report.ts'
import { printableLines } from './report.ts'

/** Both ends of a connection. */
export type Ends = Readonly<Record<Sender, Endpoint>>

/** Reads messages as they come and go, and tells at the end what is wrong or slow. */
export class LiveFindings {
  readonly #overview = new Overview()
  readonly #diagnosis = new Diagnosis()
  readonly #analysis: LiveAnalysis

  /** `nowNs`: nanoseconds since 1970. */
  constructor(nowNs: () => bigint) {
    this.#analysis = new LiveAnalysis([this.#overview, this.#diagnosis], nowNs)
  }

  message(connection: number, ends: Ends, from: Sender, message: Uint8Array): void {
    this.#analysis.message(connection, ends, from, message)
  }

  closed(connection: number, first: Sender): void {
    this.#analysis.closed(connection, first)
  }

  /** Nothing more is told: the findings, for people. Messages count as frames. */
  text(): string {
    this.#analysis.finish()
    const findings = this.#diagnosis.findings()
    if (this.#overview.conversations === 0) return ''
    const texts = [`${reportHealth(this.#overview, findings)}\n`, ...findingTexts(findings)]
    return printableLines(texts.join('\n'))
  }
}

/** `127.0.0.1:445`, `[::1]:445`, `::1:445`: the port is what follows the last colon. */
export function endpointOf(text: string): Endpoint {
  const colon = text.lastIndexOf(':')
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) || 0 }
}

const NS_PER_MS = 1_000_000n
const wallNs = (): bigint => BigInt(Date.now()) * NS_PER_MS

/** A clock that does not jump: it begins at the time of the day. */
function steadyNs(): () => bigint {
  const begunNs = wallNs() - process.hrtime.bigint()
  return () => begunNs + process.hrtime.bigint()
}

/** Listens to all that a server says and hears. */
export function explainServer(server: Server): LiveFindings {
  const findings = new LiveFindings(steadyNs())
  const numbers = new Map<string, number>()
  const endedHere = new Set<string>()
  let next = 0
  server.on('message', ({ remote, from, message }) => {
    let number = numbers.get(remote)
    if (number === undefined) numbers.set(remote, (number = next++))
    // Where it listens is told to people elsewhere; findings call it the server.
    const ends = { client: endpointOf(remote), server: { address: 'This server', port: SMB_PORT } }
    findings.message(number, ends, from, message)
  })
  server.on('disconnect', ({ remote }) => void endedHere.add(remote))
  server.on('close', ({ remote }) => {
    const number = numbers.get(remote)
    if (number !== undefined) findings.closed(number, endedHere.has(remote) ? 'server' : 'client')
    numbers.delete(remote)
    endedHere.delete(remote)
  })
  return findings
}

const SMB_PORT = 445
