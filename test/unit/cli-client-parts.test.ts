import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SmbError } from '../../src/bytes/errors.ts'
import { credentialsFor, type PasswordSources } from '../../src/cli/client/credentials.ts'
import { Explainer } from '../../src/cli/client/explain.ts'
import { findingsOf } from '../../src/cli/client/probe/findings.ts'
import type { Survey } from '../../src/cli/client/probe/survey.ts'
import { reasonOf } from '../../src/cli/client/reason.ts'
import { changed, rightsOf, rightsText, scopeText } from '../../src/cli/client/rights.ts'
import { Tally } from '../../src/cli/client/tally.ts'
import type { CopyEntry } from '../../src/client/api/copy.ts'
import { StatusError, TransportError } from '../../src/client/errors.ts'
import { formatSddl, parseSddl } from '../../src/wire/dtyp/index.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { Command, HeaderFlags, Smb2Header } from '../../src/wire/smb2/index.ts'
import { withFolder } from '../peers/content.ts'

const nas = { host: 'nas', share: 'docs', path: '' }

function sources(more: Partial<PasswordSources> = {}): PasswordSources & { notes: string[] } {
  const notes: string[] = []
  return { environment: {}, ask: undefined, note: (text) => void notes.push(text), notes, ...more }
}

test('who logs on: the address, then the options, then the file', () =>
  withFolder(async (folder) => {
    const credentials = join(folder, 'credentials')
    writeFileSync(credentials, 'username=FILEDOM\\fileuser\npassword=from file\n', { mode: 0o644 })
    const from = sources({ environment: { SMBKIT_PASSWORD: 'from environment' } })
    assert.deepEqual(await credentialsFor({ ...nas, user: 'anna', domain: 'D' }, { user: 'X\\x', credentials }, from), {
      user: 'anna',
      domain: 'D',
      password: 'from file',
    })
    assert.match(from.notes[0] ?? '', /can be read by others/)
    const named = await credentialsFor(nas, { user: 'WORK\\bert' }, from)
    assert.deepEqual(named, { user: 'bert', domain: 'WORK', password: 'from environment' })
    const filed = await credentialsFor(nas, { credentials, domain: 'OPTION' }, from)
    assert.deepEqual(filed, { user: 'fileuser', domain: 'OPTION', password: 'from file' })
    assert.deepEqual(await credentialsFor(nas, { anonymous: true, user: 'x' }, from), { anonymous: true })
    assert.deepEqual(await credentialsFor(nas, { guest: true }, sources()), {
      user: 'guest',
      guest: true,
      password: '',
    })
  }))

test('the password: asked for last, as a hash, and never on the command line', async () => {
  const questions: string[] = []
  const asking = sources({
    ask: async (question) => {
      questions.push(question)
      return 'typed'
    },
  })
  assert.deepEqual(await credentialsFor(nas, { user: 'W\\anna' }, asking), {
    user: 'anna',
    domain: 'W',
    password: 'typed',
  })
  assert.deepEqual(questions, ['Password for W\\anna on nas: '])
  const hash = '8846F7EAEE8FB117AD06BDD830B7586C'
  const hashed = sources({ environment: { SMBKIT_PASSWORD: `${hash}\n` } })
  assert.deepEqual(await credentialsFor(nas, { user: 'a', ntlmHash: true }, hashed), { user: 'a', ntHash: hash })
  const wrong = sources({ environment: { SMBKIT_PASSWORD: 's3cret' } })
  await assert.rejects(credentialsFor(nas, { user: 'a', ntlmHash: true }, wrong), {
    message: 'an NT hash is 32 hexadecimal digits',
  })
  await assert.rejects(
    credentialsFor(nas, { user: 'anna%s3cret' }, sources()),
    (error: Error) => /takes a name alone/.test(error.message) && !error.message.includes('s3cret'),
  )
  await assert.rejects(credentialsFor(nas, { user: 'anna' }, sources()), {
    message: 'there is no password for anna on nas, and no terminal to ask at: use --credentials or SMBKIT_PASSWORD',
  })
})

test('reasons are sentences, and show no control characters of a server', () => {
  const status = new StatusError(NtStatus.LOGON_FAILURE, Command.SESSION_SETUP, { operation: 'connect' })
  assert.match(reasonOf(status), /^The user name or the password is wrong\..*\(STATUS_LOGON_FAILURE\)$/)
  const denied = (command: Command | string) => reasonOf(new StatusError(NtStatus.ACCESS_DENIED, command))
  for (const command of [Command.SESSION_SETUP, 'SESSION_SETUP_ANDX'])
    assert.match(
      denied(command),
      /does not let this account log on.*Log on as somebody else, or ask who runs the server/,
    )
  assert.match(
    denied(Command.TREE_CONNECT),
    /does not let this account use the share.*Log on as somebody else, or ask who owns/,
  )
  assert.match(denied(Command.CREATE), /rights on the file, folder or share do not permit it\. Log on as/)
  assert.equal(
    reasonOf(new TransportError('ECONNREFUSED', 'connect to nas:445', 'nothing listens there')),
    'nothing listens there (connect to nas:445)',
  )
  assert.equal(reasonOf(new SmbError('X', 'bad \u001b[2J name')), 'bad \\u001b[2J name')
  assert.equal(reasonOf(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })), 'the disk is full')
})

const entry = (path: string, size: number, kind: CopyEntry['kind'] = 'file'): CopyEntry => ({
  path,
  kind,
  size,
  writeTime: 0n,
  stats: undefined,
})

test('what has been carried, counted', () => {
  const tally = new Tally()
  const [a, b, c, d] = [entry('a', 100), entry('b', 50), entry('c', 30), entry('d', 7)]
  for (const found of [entry('', 0, 'directory'), a, b, c, d]) tally.take({ kind: 'found', entry: found })
  assert.deepEqual([tally.state.totalFiles, tally.state.totalBytes, tally.state.isCounting], [4, 187, true])
  tally.take({ kind: 'counted' })
  tally.take({ kind: 'bytes', entry: a, bytes: 60, kept: true })
  tally.take({ kind: 'bytes', entry: a, bytes: 40, kept: false })
  tally.take({ kind: 'done', entry: a })
  tally.take({ kind: 'skipped', entry: b, reason: 'same' })
  tally.take({ kind: 'bytes', entry: c, bytes: 10, kept: false })
  tally.take({ kind: 'failed', entry: c, error: new Error('x'), isFinal: false })
  // It has grown since it was listed.
  tally.take({ kind: 'bytes', entry: d, bytes: 9, kept: false })
  tally.take({ kind: 'done', entry: d })
  tally.take({ kind: 'skipped', entry: entry('left', 1), reason: 'filter' })
  const { files, totalFiles, bytes, totalBytes, keptBytes, isCounting } = tally.state
  assert.deepEqual([files, totalFiles, bytes, totalBytes, keptBytes, isCounting], [2, 2, 119, 119, 60, false])
  assert.equal(
    tally.text(2, false),
    '2 files, 59 B in 2.0 s (29.5 B/s); 60 B were there already; 1 the same; 1 left out; 1 failed',
  )
  assert.match(tally.text(2, true), /^would copy 2 files, 59 B; /)
})

test('rights in words, and back', () => {
  for (const word of ['full', 'modify', 'read-execute', 'read', 'write'])
    assert.equal(rightsText(rightsOf(word) ?? 0), word)
  // As icacls and Explorer have them.
  assert.deepEqual(
    [rightsOf('full'), rightsOf('modify'), rightsOf('read-execute'), rightsOf('read')],
    [0x1f01ff, 0x1301bf, 0x1200a9, 0x120089],
  )
  assert.equal(rightsOf('read,write'), 0x12019f)
  assert.equal(rightsOf('everything'), undefined)
  assert.equal(rightsText(0x1000_0000), 'full')
  assert.equal(rightsText(0x1_0000), 'DELETE')
  assert.equal(scopeText(0x13), 'and folders and files in it (inherited)')
  assert.equal(scopeText(0x0d), 'only files in it, one level')
})

test('changes to a list keep its order', () => {
  const list = parseSddl('D:(D;;FW;;;WD)(A;;FR;;;BU)(A;ID;FA;;;BA)').dacl
  const sddl = (dacl: Parameters<typeof changed>[0]) => formatSddl({ control: 4, dacl: dacl ?? null })
  const read = rightsOf('read') ?? 0
  assert.equal(
    sddl(changed(list, { kind: 'grant', sid: 'S-1-5-11', mask: read }, false)),
    'D:(D;;FW;;;WD)(A;;FR;;;AU)(A;;FR;;;BU)(A;ID;FA;;;BA)',
  )
  assert.equal(
    sddl(changed(list, { kind: 'grant', sid: 'S-1-5-32-545', mask: 0x1f01ff }, true)),
    'D:(D;;FW;;;WD)(A;OICI;FA;;;BU)(A;ID;FA;;;BA)',
  )
  assert.equal(
    sddl(changed(list, { kind: 'deny', sid: 'S-1-5-11', mask: read }, false)),
    'D:(D;;FR;;;AU)(D;;FW;;;WD)(A;;FR;;;BU)(A;ID;FA;;;BA)',
  )
  assert.equal(sddl(changed(list, { kind: 'revoke', sid: 'S-1-1-0' }, false)), 'D:(A;;FR;;;BU)(A;ID;FA;;;BA)')
  assert.equal(sddl(changed(undefined, { kind: 'revoke', sid: 'S-1-1-0' }, false)), 'D:')
})

const modern: Survey = {
  description: {
    host: 'nas',
    port: 445,
    dialect: '3.1.1',
    serverGuid: '00000000-0000-0000-0000-000000000001',
    capabilities: 0x7f,
    signingRequired: true,
    signingAlgorithm: 'aes-gmac',
    cipher: 'aes-128-gcm',
    compressionAlgorithms: [],
    mechanisms: ['1.2.840.113554.1.2.2'],
    maxReadBytes: 8 << 20,
    maxWriteBytes: 8 << 20,
    maxTransactBytes: 8 << 20,
    serverTime: 134_000_000_000_000_000n,
    localTime: 134_000_000_000_000_000n,
    serverStartTime: 0n,
  },
  dialects: ['3.0', '3.0.2', '3.1.1'],
  ciphers: ['aes-128-gcm'],
  signingAlgorithms: ['aes-gmac'],
  speaksSmb1: false,
  takesGuests: false,
  takesAnonymous: false,
  sharesForAnonymous: undefined,
  names: undefined,
  interfaces: undefined,
  roundTripMs: undefined,
}

test('what is wrong with a server', () => {
  const names = (survey: Survey) => findingsOf(survey).map(({ severity, name }) => `${severity} ${name}`)
  const { description } = modern
  assert.ok(description !== undefined)
  assert.deepEqual(names(modern), [])
  const described = (more: Partial<typeof description>): Survey => ({
    ...modern,
    description: { ...description, ...more },
  })
  assert.deepEqual(names({ ...modern, description: undefined, dialects: [], speaksSmb1: true }), ['bad smb1-only'])
  assert.deepEqual(names({ ...modern, speaksSmb1: true }), ['bad smb1'])
  assert.deepEqual(names({ ...modern, takesGuests: true }), ['bad guest'])
  assert.deepEqual(names({ ...modern, takesAnonymous: true }), ['note anonymous'])
  assert.deepEqual(
    names({
      ...modern,
      takesAnonymous: true,
      sharesForAnonymous: [{ name: 'a', type: 'disk', special: false, comment: '' }],
    }),
    ['bad anonymous-list'],
  )
  assert.deepEqual(names(described({ signingRequired: false })), ['weak signing-not-required'])
  assert.deepEqual(names({ ...modern, dialects: ['2.1'], ciphers: [] }), [
    'weak no-3.1.1',
    'weak no-encryption',
    'note old-dialects',
  ])
  assert.deepEqual(names({ ...modern, ciphers: [] }), ['weak no-encryption'])
  assert.deepEqual(names({ ...modern, ciphers: ['aes-128-ccm'] }), ['note slow-cipher'])
  assert.deepEqual(names(described({ localTime: description.serverTime - 4_000_000_000n })), ['bad clock'])
  assert.deepEqual(names(described({ mechanisms: ['1.3.6.1.4.1.311.2.2.10'] })), ['note no-kerberos'])
  assert.deepEqual(names(described({ capabilities: 0 })), ['note small-requests'])
  assert.deepEqual(names(described({ maxReadBytes: 65_536 })), ['note small-reads'])
  assert.deepEqual(names(described({ serverStartTime: 133_000_000_000_000_000n })), ['note long-running'])
})

test('a conversation in lines', () => {
  const lines: string[] = []
  const explainer = new Explainer((line) => lines.push(line))
  const connection = { id: 1, host: 'nas', port: 445, local: '127.0.0.1:50000', remote: '127.0.0.1:445' }
  const message = (status: number, flags: number): Uint8Array =>
    Smb2Header.encode({
      command: Command.ECHO,
      credits: 1,
      status,
      flags,
      messageId: 7n,
      treeId: 0,
      sessionId: 0n,
      signature: new Uint8Array(16),
    })
  explainer.event({ kind: 'connected', connection })
  const seen = (direction: 'sent' | 'received', time: bigint, part: Uint8Array, sealed = false) =>
    explainer.message({ connection, direction, time, parts: [part], sealed })
  seen('sent', 10_000_000n, message(0, 0))
  seen('received', 10_120_000n, message(NtStatus.ACCESS_DENIED, HeaderFlags.SERVER_TO_REDIR), true)
  assert.deepEqual(lines, [
    '   connected to 127.0.0.1:445\n',
    '  0.000 -> #7 ECHO\n',
    '  0.012 <- #7 ECHO STATUS_ACCESS_DENIED: That is not allowed with this account: the rights on the file, folder or share do not permit it. (sealed)\n',
  ])
})
