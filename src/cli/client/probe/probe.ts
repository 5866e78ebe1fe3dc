import { Command } from 'commander'
import type { NetworkInterface } from '../../../client/api/client.ts'
import { Capabilities, CompressionAlgorithm } from '../../../wire/smb2/index.ts'
import { MechOid } from '../../../wire/spnego/index.ts'
import { printable } from '../../report.ts'
import { type Address, displayAddress, isAddress, parseAddress } from '../address.ts'
import { type ConnectionOptions, withConnection } from '../connection-options.ts'
import { type Context, runClient } from '../context.ts'
import { bytesText, durationText, timeJson, timeText } from '../format.ts'
import { about } from '../servers.ts'
import { clockSkewMs, findingsOf } from './findings.ts'
import { type Answer, type Survey, survey } from './survey.ts'

interface ProbeOptions extends ConnectionOptions {
  readonly json?: boolean
}

/** `smbkit probe`: what a server speaks, and what is wrong with it. */
export function probeCommand(): Command {
  return withConnection(
    new Command('probe')
      .description('tell what a server speaks, and what is wrong with it')
      .argument('<server>', 'a host, smb://host or //host')
      .option('--json', 'for programs')
      .addHelpText('after', '\nNobody logs on, unless a user is named: then the interfaces are shown, too.'),
  ).action((server: string, options: ProbeOptions) => runClient(options, (context) => probe(context, server, options)))
}

async function probe(context: Context, server: string, options: ProbeOptions): Promise<void> {
  const address = { ...parseAddress(isAddress(server) ? server : `//${server}`), path: '' }
  const { connect, negotiate, speaksSmb1 } = await import('../../../client/index.ts')
  const { host, port } = address
  const isNamed = address.user !== undefined || options.user !== undefined || options.credentials !== undefined
  const credentials = isNamed ? await context.servers.credentials(address) : undefined
  const { common } = context.servers
  const surveying = survey({ connect, negotiate, speaksSmb1 }, { host, port, common, credentials })
  const known = await about(address, surveying, false)
  if (options.json === true) await context.out.json(jsonOf(known))
  else await context.out.write(textOf(address, known))
}

const mechanismNames = new Map(Object.entries(MechOid).map(([name, oid]) => [oid as string, name]))
const mechanismName = (oid: string): string => mechanismNames.get(oid) ?? oid

const nameOf = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(names).find(([, code]) => code === value)?.[0] ?? String(value)

const bitNames = (names: Readonly<Record<string, number>>, value: number): string[] =>
  Object.entries(names).flatMap(([name, bit]) => ((value & bit) === 0 ? [] : [name]))

function jsonOf(known: Survey): object {
  const { description, names } = known
  return {
    dialects: known.dialects,
    smb1: known.speaksSmb1 ?? null,
    guest: known.takesGuests ?? null,
    anonymous: known.takesAnonymous ?? null,
    sharesForAnonymous: known.sharesForAnonymous ?? null,
    ciphers: known.ciphers,
    signingAlgorithms: known.signingAlgorithms,
    ...(description !== undefined && {
      dialect: description.dialect,
      signingRequired: description.signingRequired,
      capabilities: bitNames(Capabilities, description.capabilities),
      compression: description.compressionAlgorithms.map((code) => nameOf(CompressionAlgorithm, code)),
      mechanisms: description.mechanisms.map(mechanismName),
      maxReadBytes: description.maxReadBytes,
      maxWriteBytes: description.maxWriteBytes,
      maxTransactBytes: description.maxTransactBytes,
      guid: description.serverGuid,
      time: timeJson(description.serverTime),
      started: timeJson(description.serverStartTime),
      clockSkewMs: clockSkewMs(known) ?? null,
    }),
    names: names === undefined ? null : { ...names, time: names.time === undefined ? null : timeJson(names.time) },
    interfaces: known.interfaces ?? null,
    roundTripMs: known.roundTripMs ?? null,
    findings: findingsOf(known),
  }
}

const answerText = (answer: Answer): string => (answer === undefined ? 'not known' : answer ? 'yes' : 'no')
const list = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '))

function textOf(address: Address, known: Survey): string {
  const { description } = known
  const lines: (readonly [string, string])[] = [
    ...namesText(known),
    ['dialects', list(known.dialects)],
    ['SMB1', answerText(known.speaksSmb1)],
    ...(description === undefined
      ? []
      : ([
          [
            'signatures',
            `${description.signingRequired ? 'required' : 'not required'}; ${list(known.signingAlgorithms)}`,
          ],
          ['encryption', list(known.ciphers)],
          ['compression', list(description.compressionAlgorithms.map((code) => nameOf(CompressionAlgorithm, code)))],
          ['capabilities', list(bitNames(Capabilities, description.capabilities))],
          ['logon by', list(description.mechanisms.map(mechanismName))],
        ] as const)),
    ['guests', answerText(known.takesGuests)],
    ['anonymous', answerText(known.takesAnonymous)],
    ...sharesText(known),
    ...sizesText(known),
    ...clockText(known),
    ...(known.interfaces ?? []).map((one) => ['interface', interfaceText(one)] as const),
    ...(known.roundTripMs === undefined ? [] : [['round trip', `${known.roundTripMs.toFixed(1)} ms`] as const]),
  ]
  const width = Math.max(...lines.map(([title]) => title.length))
  const shown = lines.map(([title, value]) => `  ${title.padEnd(width)}  ${printable(value)}\n`)
  const findings = findingsOf(known).map(({ severity, text }) => `  ${severity.padEnd(4)}  ${text}\n`)
  const verdict = findings.length === 0 ? '  nothing\n' : findings.join('')
  return `${printable(displayAddress(address))}\n${shown.join('')}\nWhat is wrong with it:\n${verdict}`
}

function namesText({ names, description }: Survey): (readonly [string, string])[] {
  const own = [names?.dnsName, names?.netbiosName].filter((name) => name !== undefined && name !== '')
  const domain = [names?.dnsDomain, names?.netbiosDomain].filter((name) => name !== undefined && name !== '')
  return [
    ...(own.length === 0 ? [] : [['name', own.join(', ')] as const]),
    ...(domain.length === 0 ? [] : [['domain', domain.join(', ')] as const]),
    ...(names?.version === undefined ? [] : [['version', `Windows ${names.version}, as it says`] as const]),
    ...(description === undefined ? [] : [['GUID', description.serverGuid] as const]),
  ]
}

const sharesText = ({ sharesForAnonymous }: Survey): (readonly [string, string])[] =>
  sharesForAnonymous === undefined ? [] : [['shown to all', list(sharesForAnonymous.map(({ name }) => name))]]

function sizesText({ description }: Survey): (readonly [string, string])[] {
  if (description === undefined) return []
  const { maxReadBytes, maxWriteBytes, maxTransactBytes } = description
  return [
    [
      'at most',
      `${bytesText(maxReadBytes)} read, ${bytesText(maxWriteBytes)} written, ${bytesText(maxTransactBytes)} else`,
    ],
  ]
}

function clockText(known: Survey): (readonly [string, string])[] {
  const { description } = known
  const skew = clockSkewMs(known)
  if (description === undefined || skew === undefined) return []
  const ahead =
    Math.abs(skew) < 1000 ? 'as ours' : `${durationText(Math.abs(skew) / 1000)} ${skew > 0 ? 'ahead' : 'behind'}`
  const started = description.serverStartTime
  return [
    ['clock', `${timeText(description.serverTime)}, ${ahead}`],
    ...(started > 0n ? [['started', timeText(started)] as const] : []),
  ]
}

function interfaceText({ address, linkSpeedBitsPerSecond, rssCapable, rdmaCapable }: NetworkInterface): string {
  const more = [rssCapable ? 'RSS' : '', rdmaCapable ? 'RDMA' : ''].filter((word) => word !== '')
  return [address, `${Number(linkSpeedBitsPerSecond) / 1e9} Gbit/s`, ...more].join(', ')
}
