/** What tests of faults share: a fault is made between real programs, recorded, and looked for in the recording. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sender } from '../../src/trace/capture/tcp-conversation.ts'
import { Diagnosis } from '../../src/trace/diagnose.ts'
import { analyze, type Finding, KeyRing, readSecrets } from '../../src/trace/index.ts'
import { nodeCiphers } from '../../src/trace/node/index.ts'
import { withFolder } from '../peers/content.ts'
import { type RelayOptions, startRelay } from '../peers/relay.ts'
import { type SmbclientOptions, type SmbclientTarget, smbclient } from '../peers/smbclient.ts'

/** A server that faults are made with. */
export type Subject = SmbclientTarget

/** What one end, or both, do. */
export interface Run extends Partial<SmbclientOptions> {
  readonly commands?: string
  /** Default: that of the subject. */
  readonly user?: string
  readonly password?: string
  readonly relay?: Omit<RelayOptions, 'host' | 'port'>
  /** What the server is called. Default: its address. */
  readonly called?: string
  /** Runs of smbclient, one after the other. */
  readonly times?: number
  /** Instead of smbclient. */
  readonly act?: (target: SmbclientTarget) => Promise<unknown>
}

export interface Fault {
  /** What has to be found, and nothing beside it. Notes count where one of them is named. */
  readonly rules: readonly string[]
  readonly notes?: readonly string[]
  readonly ill: Run
  /** What the analyser is given to open and check with. */
  readonly passwords?: readonly string[]
  /** The same without the fault: nothing is found. */
  readonly well?: Run
}

export const newBytes = 300_000

/** The recording of a run through a relay. */
export async function record(subject: Subject, run: Run): Promise<Uint8Array> {
  const { commands = 'ls; get plan.bin', relay: faults, act, times = 1, called, user, password, ...options } = run
  const relay = await startRelay({ host: subject.host, port: subject.port, ...faults })
  const target = {
    host: relay.host,
    port: relay.port,
    user: user ?? subject.user,
    password: password ?? subject.password,
  }
  try {
    if (act === undefined)
      await withFolder(async (cwd) => {
        writeFileSync(join(cwd, 'new.bin'), Buffer.alloc(newBytes, 8))
        mkdirSync(join(cwd, 'many'))
        const named = called === undefined ? target : { ...target, host: called }
        const args = [...(options.args ?? []), ...(called === undefined ? [] : ['-I', target.host])]
        for (let time = 0; time < times; time++)
          await smbclient(named, commands, { share: 'files', cwd, ...options, args })
      })
    else await act(target)
  } finally {
    await relay.close()
  }
  return relay.capture()
}

/** What the rules find in a recording. */
export async function diagnose(
  capture: Uint8Array,
  passwords: readonly string[] = [],
  keytab?: string,
  ports: readonly number[] = [],
): Promise<Finding[]> {
  const diagnosis = new Diagnosis()
  const keytabs = keytab === undefined ? [] : [readFileSync(keytab)]
  await analyze(capture, [diagnosis], { keys: new KeyRing(readSecrets({ passwords, keytabs }), nodeCiphers()), ports })
  return diagnosis.findings()
}

/** Changes the last byte of the first message of a command that one end sends. */
export function changing(command: number, sender: Sender = 'client'): NonNullable<RelayOptions['alter']> {
  let isDone = false
  return (bytes, from) => {
    // The header of NetBIOS is before that of SMB2. MS-SMB2 2.1, 2.2.1.2.
    if (isDone || from !== sender || bytes.length < 20 || bytes[4] !== 0xfe || bytes.readUInt16LE(16) !== command)
      return
    isDone = true
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  }
}

const idsOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ rule }) => rule))].toSorted()

/** Holds what is found against what has to be: problems and warnings exactly, notes as far as they are named. */
export function assertFound(findings: readonly Finding[], { rules, notes = [] }: Pick<Fault, 'rules' | 'notes'>): void {
  const titles = JSON.stringify(findings.map(({ rule, title }) => `${rule}: ${title}`))
  assert.deepEqual(idsOf(findings.filter(({ severity }) => severity !== 'note')), rules.toSorted(), titles)
  const noted = idsOf(findings.filter(({ severity }) => severity === 'note'))
  for (const note of notes) assert.ok(noted.includes(note), `${note} is not noted: ${titles}`)
}

/** The fault is found; its healthy twin is told to be healthy. */
export async function assertTold(subject: Subject, fault: Fault): Promise<Finding[]> {
  const findings = await diagnose(await record(subject, fault.ill), fault.passwords)
  assertFound(findings, fault)
  if (fault.well === undefined) return findings
  const healthy = await diagnose(await record(subject, fault.well), fault.passwords)
  assertFound(healthy, { rules: [] })
  for (const note of fault.notes ?? [])
    assert.ok(
      !idsOf(healthy).includes(note),
      `${note} in the healthy twin: ${healthy.find(({ rule }) => rule === note)?.title}`,
    )
  return findings
}
