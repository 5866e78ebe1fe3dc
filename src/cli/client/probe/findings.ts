/** What is wrong with a server, by what is known of it. */
import { Capabilities } from '../../../wire/smb2/index.ts'
import { MechOid } from '../../../wire/spnego/index.ts'
import type { Survey } from './survey.ts'

/** `bad`: others can get in or in between. `weak`: less than could be. `note`: worth knowing. */
export type Severity = 'bad' | 'weak' | 'note'

export interface Finding {
  readonly severity: Severity
  /** For programs; stays the same. */
  readonly name: string
  /** What it is, and what it means or what to do about it. */
  readonly text: string
}

type Rule = (survey: Survey) => Finding | undefined

/** Kerberos allows five minutes. */
const maxSkewMs = 5 * 60_000
const smallTransfer = 64 * 1024
const longRunningDays = 365
const dayMs = 86_400_000
const ticksPerMs = 10_000n

const found = (severity: Severity, name: string, text: string): Finding => ({ severity, name, text })

/** How far the server's clock is ahead of ours, in milliseconds; undefined where it is not known. */
export function clockSkewMs({ description }: Survey): number | undefined {
  if (description === undefined || description.serverTime <= 0n) return undefined
  return Number((description.serverTime - description.localTime) / ticksPerMs)
}

const has = ({ description }: Survey, capability: number): boolean =>
  ((description?.capabilities ?? 0) & capability) !== 0

const isKerberos = (oid: string): boolean => oid === MechOid.KERBEROS || oid === MechOid.MS_KERBEROS

/** The worst first. */
const rules: readonly Rule[] = [
  (survey) =>
    survey.description === undefined
      ? found(
          'bad',
          'smb1-only',
          'It speaks SMB1 alone, which protects nothing and which no current system speaks: replace it.',
        )
      : undefined,
  (survey) =>
    survey.speaksSmb1 === true && survey.description !== undefined
      ? found('bad', 'smb1', 'It still speaks SMB1: switch that off, worms spread by it.')
      : undefined,
  (survey) =>
    survey.takesGuests === true
      ? found(
          'bad',
          'guest',
          'Anybody is let in as a guest, with any name and password; such sessions cannot be signed.',
        )
      : undefined,
  ({ sharesForAnonymous }) =>
    sharesForAnonymous !== undefined && sharesForAnonymous.length > 0
      ? found('bad', 'anonymous-list', 'Anybody can list its shares without a name or password.')
      : undefined,
  (survey) =>
    survey.takesAnonymous === true && survey.sharesForAnonymous === undefined
      ? found('note', 'anonymous', 'Anonymous logons are taken, but are not shown the shares.')
      : undefined,
  ({ description }) =>
    description?.signingRequired === false
      ? found(
          'weak',
          'signing-not-required',
          'Signatures are not required: a logon can be relayed to it, and what passes can be changed on the way.',
        )
      : undefined,
  ({ description, dialects }) =>
    description !== undefined && !dialects.includes('3.1.1')
      ? found(
          'weak',
          'no-3.1.1',
          'It does not speak 3.1.1: somebody in between can weaken what both ends would agree upon.',
        )
      : undefined,
  ({ description, dialects }) =>
    description !== undefined && !dialects.some((dialect) => dialect.startsWith('3'))
      ? found('weak', 'no-encryption', 'It speaks no dialect of 3.x, so nothing can be encrypted.')
      : undefined,
  ({ description, dialects, ciphers }) =>
    description !== undefined && dialects.some((dialect) => dialect.startsWith('3')) && ciphers.length === 0
      ? found('weak', 'no-encryption', 'It offers no encryption: whoever is in between can read everything.')
      : undefined,
  ({ dialects }) =>
    dialects.includes('2.0.2') || dialects.includes('2.1')
      ? found(
          'note',
          'old-dialects',
          'Dialects before 3.0 are taken: they cannot encrypt, and sign slowly. Clients since Windows 8 do not need them.',
        )
      : undefined,
  (survey) => {
    const skew = clockSkewMs(survey)
    if (skew === undefined || Math.abs(skew) <= maxSkewMs) return undefined
    return found(
      'bad',
      'clock',
      'Its clock and ours are more than five minutes apart: Kerberos refuses that, and times of files are wrong.',
    )
  },
  ({ description }) =>
    description !== undefined && description.mechanisms.length > 0 && !description.mechanisms.some(isKerberos)
      ? found('note', 'no-kerberos', 'It takes no Kerberos, only NTLM: usual for a server that is in no domain.')
      : undefined,
  ({ description, ciphers }) =>
    description?.dialect === '3.1.1' &&
    ciphers.length > 0 &&
    !ciphers.includes('aes-128-gcm') &&
    !ciphers.includes('aes-256-gcm')
      ? found('note', 'slow-cipher', 'Of the ciphers it has only CCM, which is several times slower than GCM.')
      : undefined,
  (survey) =>
    survey.description !== undefined && survey.description.dialect !== '2.0.2' && !has(survey, Capabilities.LARGE_MTU)
      ? found('note', 'small-requests', 'It takes no requests of more than 64 KiB: large files are slow.')
      : undefined,
  (survey) =>
    has(survey, Capabilities.LARGE_MTU) && (survey.description?.maxReadBytes ?? 0) <= smallTransfer
      ? found('note', 'small-reads', 'It reads no more than 64 KiB at a time: large files are slow.')
      : undefined,
  ({ description }) => {
    if (description === undefined || description.serverStartTime <= 0n) return undefined
    const days = Number((description.serverTime - description.serverStartTime) / ticksPerMs) / dayMs
    return days > longRunningDays
      ? found(
          'note',
          'long-running',
          `It was started ${Math.floor(days)} days ago: updates that want a restart are not in force.`,
        )
      : undefined
  },
]

/** What rules have to say, the worst first. */
export function findingsOf(survey: Survey): Finding[] {
  const order: readonly Severity[] = ['bad', 'weak', 'note']
  const all = rules.map((rule) => rule(survey)).filter((finding) => finding !== undefined)
  return all.toSorted((left, right) => order.indexOf(left.severity) - order.indexOf(right.severity))
}
