import { lenient } from '../../bytes/lenient.ts'
import {
  decodeKerberos,
  type KerberosMessage,
  type KrbError,
  principalText,
  usesFast,
} from '../../wire/kerberos/index.ts'
import type { Endpoint, FrameSpot, KerberosExchange } from '../model.ts'

/** Where KDCs listen, with TCP and UDP. RFC 4120 7.2. */
export const KERBEROS_PORT = 88
/** Most questions that wait for their answers. */
const maxOpenQuestions = 1024

type Question = Extract<KerberosMessage, { readonly kind: 'AS-REQ' | 'TGS-REQ' }>

/** Which end says it, and how it came. */
interface KerberosWay {
  readonly transport: 'tcp' | 'udp'
  readonly client: Endpoint
  readonly kdc: Endpoint
  readonly isFromClient: boolean
}

/** A question, where it was captured. */
interface Asked {
  readonly question: Question | undefined
  readonly way: KerberosWay
  readonly at: FrameSpot | undefined
  /** When it was asked for the last time, if more than once. */
  again: FrameSpot | undefined
}

/** Joins questions to KDCs with their answers. */
export class KerberosExchanges {
  readonly #tell: (exchange: KerberosExchange) => void
  readonly #originNs: () => bigint
  /** In the order in which they were asked. */
  readonly #open = new Map<string, Asked & { readonly question: Question; readonly at: FrameSpot }>()

  /** `originNs`: when the capture began, nanoseconds since 1970. */
  constructor(tell: (exchange: KerberosExchange) => void, originNs: () => bigint) {
    this.#tell = tell
    this.#originNs = originNs
  }

  /** A whole message. What cannot be read is passed over. */
  message(bytes: Uint8Array, way: KerberosWay, at: FrameSpot): void {
    const found = lenient(() => decodeKerberos(bytes))
    if (found === undefined) return
    const key = `${way.transport} ${way.client.address} ${way.client.port} ${way.kdc.address}`
    if (found.kind === 'AS-REQ' || found.kind === 'TGS-REQ') {
      if (!way.isFromClient) return
      const before = this.#open.get(key)
      // The same question again, because the answer was lost: what counts is the first one.
      if (before?.question.message.reqBody.nonce === found.message.reqBody.nonce) {
        before.again = at
        return
      }
      if (before !== undefined) this.#tell(exchangeOf(before, undefined, undefined))
      this.#open.delete(key)
      this.#open.set(key, { question: found, way, at, again: undefined })
      this.#limit()
      return
    }
    if (way.isFromClient || found.kind === 'AP-REQ' || found.kind === 'AP-REP') return
    const asked = this.#open.get(key)
    this.#open.delete(key)
    const exchange = exchangeOf(asked ?? { question: undefined, way, at: undefined, again: undefined }, found, at)
    const error = found.kind === 'KRB-ERROR' ? found.message : undefined
    this.#tell(error === undefined ? exchange : { ...exchange, kdcTimeNs: this.#sinceOrigin(error.stime) })
  }

  /** Milliseconds since 1970 as nanoseconds since the capture began. */
  #sinceOrigin(timeMs: number): number {
    return Number(BigInt(Math.round(timeMs)) * 1_000_000n - this.#originNs())
  }

  /** What was not answered by the end of the capture. */
  finish(): void {
    for (const asked of this.#open.values()) this.#tell(exchangeOf(asked, undefined, undefined))
    this.#open.clear()
  }

  #limit(): void {
    for (const [key, asked] of this.#open) {
      if (this.#open.size <= maxOpenQuestions) return
      this.#open.delete(key)
      this.#tell(exchangeOf(asked, undefined, undefined))
    }
  }
}

function exchangeOf(
  { question, way, at, again }: Asked,
  answer: KerberosMessage | undefined,
  answeredAt: FrameSpot | undefined,
): KerberosExchange {
  const body = question?.message.reqBody
  const error = answer?.kind === 'KRB-ERROR' ? answer.message : undefined
  const reply = answer?.kind === 'AS-REP' || answer?.kind === 'TGS-REP' ? answer.message : undefined
  const realm = body?.realm ?? reply?.ticket.realm ?? error?.realm
  const isAs = question?.kind === 'AS-REQ' || answer?.kind === 'AS-REP'
  const client = reply?.cname ?? body?.cname ?? error?.cname
  const clientRealm = reply?.crealm ?? error?.crealm ?? body?.realm
  const service = body?.sname ?? reply?.ticket.sname ?? error?.sname
  return {
    kind: isAs ? 'AS' : 'TGS',
    transport: way.transport,
    client: way.client,
    kdc: way.kdc,
    request: at,
    askedAgain: again,
    response: answeredAt,
    clientName:
      client && (clientRealm === undefined ? principalText(client) : `${principalText(client)}@${clientRealm}`),
    serviceName: service && principalText(service),
    realm,
    requestedEncryption: body?.etype ?? [],
    ticketEncryption: reply?.ticket.encPart.etype,
    errorCode: error?.errorCode,
    clockSkewNs: error && skewOf(error),
    kdcTimeNs: undefined,
    usesFast: usesFast(question?.message.padata) || usesFast(reply?.padata),
  }
}

/** How far the server's clock is ahead of the client's, where the error tells both. RFC 4120 5.9.1. */
export function skewOf({ ctime, cusec, stime, susec }: KrbError): number | undefined {
  return ctime === undefined ? undefined : (stime - ctime) * 1e6 + (susec - (cusec ?? 0)) * 1000
}
