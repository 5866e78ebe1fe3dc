/** Each rule finds what it is for, and says nothing of its healthy twin. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delayedAcknowledgement } from '../../src/trace/diagnoses/delayed-acknowledgement.ts'
import { rules } from '../../src/trace/diagnoses/index.ts'
import type { Detail, Finding } from '../../src/trace/model.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { FsctlCode } from '../../src/wire/smb2/fsctl.ts'
import { MS, SECOND, Story } from './trace-story.ts'

type Scene = (story: Story, isIll: boolean) => void

const setup: Detail = { kind: 'session-setup', offered: [], mechanism: undefined, previousSessionId: 0n }
const other: Detail = { kind: 'other' }
const referral: Detail = {
  kind: 'ioctl',
  controlCode: FsctlCode.DFS_GET_REFERRALS,
  controlName: 'FSCTL_DFS_GET_REFERRALS',
}
const treeConnect = (path = String.raw`\\srv\docs`): Detail => ({ kind: 'tree-connect', path })
const negotiate = (changes: Partial<Extract<Detail, { kind: 'negotiate' }>> = {}): Detail => ({
  kind: 'negotiate',
  dialects: [0x0202, 0x0311],
  dialectNames: [],
  securityMode: 1,
  serverSecurityMode: 1,
  chosen: 0x0311,
  serverTimeNs: undefined,
  ...changes,
})

/** A logon that ends with a status; the healthy twin works, by way of the challenge. */
const logon =
  (status: number, mechanism: 'NTLMv2' | 'NTLMv1' | 'Kerberos' | 'anonymous' = 'NTLMv2', dialect = 0x0311): Scene =>
  (story, isIll) => {
    const connection = story.connection({ dialect })
    const session = story.session(connection, { mechanism: isIll ? mechanism : 'NTLMv2' })
    story.say(connection, 'SESSION_SETUP', setup, { session, status: NtStatus.MORE_PROCESSING_REQUIRED })
    story.say(connection, 'SESSION_SETUP', setup, { session, status: isIll ? status : 0 })
    story.ends(connection)
  }

/** An answer of the KDC; the healthy twin is asked who it is, and to come again over TCP. */
const kdc =
  (errorCode: number, kind: 'AS' | 'TGS' = 'TGS'): Scene =>
  (story, isIll) => {
    story.kerberos({ kind, errorCode: isIll ? errorCode : 25 })
    if (!isIll) story.kerberos({ kind, errorCode: 52 })
  }

/** A request for a share. */
const share =
  (status: number): Scene =>
  (story, isIll) => {
    const connection = story.connection()
    const session = story.session(connection)
    story.say(connection, 'IOCTL', referral, { session, status: NtStatus.NOT_FOUND })
    story.say(connection, 'TREE_CONNECT', treeConnect(), { session, status: isIll ? status : 0 })
    story.say(connection, 'TREE_DISCONNECT', other, { session, status: NtStatus.NETWORK_NAME_DELETED })
    story.ends(connection)
  }

/** A request with a status on a file that is open. */
const onFile =
  (commandName: string, status: number, detail: Detail = other): Scene =>
  (story, isIll) => {
    const connection = story.connection()
    const tree = story.tree(story.session(connection))
    const open = story.open(tree, 'plan.txt')
    const same = { session: tree.session, tree, open, path: 'plan.txt' }
    story.say(connection, commandName, detail, { ...same, status: isIll ? status : 0 })
    story.say(connection, 'CLOSE', other, same)
    story.ends(connection)
  }

/** A session with a share; what is exposed in the ill one. */
const exposure =
  (changes: Parameters<Story['session']>[1], dialect: number | 'NT1' = 0x0311, address = '10.0.0.5'): Scene =>
  (story, isIll) => {
    const connection = story.connection(
      isIll ? { dialect, client: address, server: address === '10.0.0.5' ? '10.0.0.1' : '198.51.100.1' } : {},
    )
    const session = story.session(connection, isIll ? changes : { mechanism: 'Kerberos' })
    story.say(connection, 'TREE_CONNECT', treeConnect(), { session })
    story.ends(connection)
  }

/** Reads of one file, one after the other. */
function reads(
  story: Story,
  { count = 30, length = 65_536, tookNs = 0.5 * MS, idleNs = 0, depth = 1, roundTripNs = 0.2 * MS },
): void {
  const connection = story.connection({ roundTripNs })
  const tree = story.tree(story.session(connection))
  const open = story.open(tree, 'big.bin')
  for (let index = 0; index < count; index++)
    story.say(
      connection,
      'READ',
      { kind: 'read', offset: BigInt(index * length), length },
      {
        ...{ session: tree.session, tree, open, path: 'big.bin', tookNs, depth, dataBytes: length },
        time: { idleBeforeNs: idleNs },
      },
    )
  story.ends(connection)
}

/** So many opens of files, by a name for each. */
function opens(story: Story, count: number, name: (index: number) => string, status = 0, everyNs = 10 * MS): void {
  const connection = story.connection()
  const tree = story.tree(story.session(connection))
  for (let index = 0; index < count; index++) story.open(tree, name(index), { status, atNs: index * everyNs })
  story.ends(connection)
}

const ended = (by: 'client' | 'server', how: 'fin' | 'reset') => ({ by, how, at: { frame: 999, timeNs: 50 * SECOND } })

const scenes: Readonly<Record<string, Scene>> = {
  'no-common-dialect': (story, isIll) => {
    const connection = story.connection()
    story.say(connection, 'NEGOTIATE', negotiate(), { status: isIll ? NtStatus.NOT_SUPPORTED : 0 })
  },
  'smb1-only-peer': (story, isIll) => {
    const names = isIll ? ['NT LM 0.12'] : ['NT LM 0.12', 'SMB 2.???']
    const detail = negotiate({ dialectNames: names, dialects: [], chosen: isIll ? undefined : 0x02ff })
    story.say(story.connection(), 'NEGOTIATE', detail, { protocol: 'smb1' })
  },
  'signing-required': (story, isIll) => {
    const connection = story.connection({ dialect: 'NT1', end: ended('client', 'fin') })
    story.say(
      connection,
      'NEGOTIATE',
      negotiate({ dialectNames: ['NT LM 0.12'], serverSecurityMode: 0x0f, chosen: 0 }),
      {
        protocol: 'smb1',
      },
    )
    if (!isIll) story.say(connection, 'SESSION_SETUP', setup, { protocol: 'smb1' })
    story.ends(connection)
  },
  'signature-refused': onFile('ECHO', NtStatus.ACCESS_DENIED),
  'connection-refused': (story, isIll) => {
    const bytes = isIll ? 0 : 100
    const connection = story.connection({ fromClient: { bytes }, fromServer: { bytes }, end: ended('server', 'reset') })
    story.ends(connection)
  },
  'connection-lost': (story, isIll) => {
    const connection = story.connection({ end: ended(isIll ? 'server' : 'client', 'reset') })
    const tree = story.tree(story.session(connection))
    const open = story.open(tree, 'plan.txt')
    const write: Detail = { kind: 'write', offset: 0n, length: 10 }
    story.say(connection, 'WRITE', write, { session: tree.session, tree, open, path: 'plan.txt', unanswered: isIll })
    if (!isIll) story.say(connection, 'CLOSE', other, { session: tree.session, tree, open, path: 'plan.txt' })
    // A watch that is open when the client leaves is nothing.
    if (!isIll) story.say(connection, 'CHANGE_NOTIFY', other, { unanswered: true })
    story.ends(connection)
  },
  'no-answer': (story, isIll) => {
    const connection = story.connection({ lastNs: 40 * SECOND })
    story.say(connection, 'ECHO', other)
    story.say(connection, isIll ? 'READ' : 'CHANGE_NOTIFY', other, { unanswered: true })
    story.ends(connection)
  },
  'reconnect-loop': (story, isIll) => {
    for (let index = 0; index < (isIll ? 12 : 3); index++) {
      const first = { frame: index + 1, timeNs: index * SECOND }
      const last = { frame: index + 1, timeNs: index * SECOND + 100 * MS }
      story.ends(story.connection({ first, last, end: ended('client', 'fin') }))
    }
  },
  'wrong-password': logon(NtStatus.LOGON_FAILURE),
  'unknown-user': logon(NtStatus.NO_SUCH_USER),
  'account-disabled': logon(NtStatus.ACCOUNT_DISABLED),
  'account-locked': logon(NtStatus.ACCOUNT_LOCKED_OUT),
  'account-expired': logon(NtStatus.ACCOUNT_EXPIRED),
  'password-expired': logon(NtStatus.PASSWORD_EXPIRED),
  'password-must-change': logon(NtStatus.PASSWORD_MUST_CHANGE),
  'logon-hours': logon(NtStatus.INVALID_LOGON_HOURS),
  'workstation-refused': logon(NtStatus.INVALID_WORKSTATION),
  'account-restricted': logon(NtStatus.ACCOUNT_RESTRICTION),
  'logon-type-refused': logon(NtStatus.LOGON_TYPE_NOT_GRANTED),
  'trust-broken': logon(NtStatus.TRUSTED_RELATIONSHIP_FAILURE),
  'no-logon-servers': logon(NtStatus.NO_LOGON_SERVERS),
  'logon-clock': logon(NtStatus.TIME_DIFFERENCE_AT_DC),
  'ntlm-blocked': logon(NtStatus.NTLM_BLOCKED),
  'ntlmv1-refused': logon(NtStatus.LOGON_FAILURE, 'NTLMv1'),
  'ntlmv1-used': logon(NtStatus.SUCCESS, 'NTLMv1'),
  'target-name-refused': logon(NtStatus.ACCESS_DENIED, 'NTLMv2', 0x0210),
  'logon-refused': logon(NtStatus.REQUEST_NOT_ACCEPTED),
  'kerberos-ticket-refused': logon(NtStatus.LOGON_FAILURE, 'Kerberos'),
  'guest-refused': (story, isIll) => {
    const connection = story.connection({ end: ended('client', 'fin') })
    const session = story.session(connection, { isGuest: true })
    story.say(connection, 'SESSION_SETUP', setup, { session })
    if (!isIll) story.say(connection, 'TREE_CONNECT', treeConnect(), { session })
    story.ends(connection)
  },
  'kerberos-spn-unknown': kdc(7),
  'kerberos-clock-skew': kdc(37),
  'kerberos-password-expired': kdc(23, 'AS'),
  'kerberos-account-revoked': kdc(18, 'AS'),
  'kerberos-wrong-password': kdc(24, 'AS'),
  'kerberos-client-unknown': kdc(6, 'AS'),
  'kerberos-encryption-type': kdc(14),
  'kerberos-ticket-expired': kdc(32),
  'kerberos-error': kdc(60),
  'kerberos-no-answer': (story, isIll) => {
    story.kerberos({ kdc: { address: '10.0.0.8', port: 88 } })
    story.kerberos(isIll ? { response: undefined } : {})
  },
  'ip-address-ntlm': (story, isIll) => {
    const connection = story.connection()
    const session = story.session(connection)
    story.say(connection, 'TREE_CONNECT', treeConnect(isIll ? String.raw`\\10.0.0.1\docs` : undefined), { session })
  },
  'session-lost': onFile('READ', NtStatus.USER_SESSION_DELETED),
  'session-expired': onFile('READ', NtStatus.NETWORK_SESSION_EXPIRED),
  'bad-share-name': share(NtStatus.BAD_NETWORK_NAME),
  'share-access-denied': share(NtStatus.ACCESS_DENIED),
  'share-gone': onFile('READ', NtStatus.NETWORK_NAME_DELETED),
  'dfs-link-dead': (story, isIll) => {
    const connection = story.connection()
    story.say(connection, 'IOCTL', referral)
    story.say(connection, 'TREE_CONNECT', treeConnect(), { status: isIll ? NtStatus.BAD_NETWORK_NAME : 0 })
  },
  'referral-storm': (story, isIll) => {
    const connection = story.connection()
    for (let index = 0; index < (isIll ? 30 : 5); index++) story.say(connection, 'IOCTL', referral)
  },
  'file-access-denied': (story, isIll) => {
    opens(story, 1, () => 'secret.txt', isIll ? NtStatus.ACCESS_DENIED : 0)
  },
  'search-path-probing': (story, isIll) =>
    opens(story, isIll ? 40 : 4, (index) => `bin${index}\\tool.dll`, NtStatus.OBJECT_NAME_NOT_FOUND),
  'sharing-violation': (story, isIll) => {
    const tree = story.tree(story.session(story.connection(), { user: 'bernd' }))
    story.open(tree, 'plan.xlsx', {}, { shareAccess: 0 })
    const second = story.tree(story.session(story.connection({ client: '10.0.0.6' })))
    story.open(second, 'plan.xlsx', { status: isIll ? NtStatus.SHARING_VIOLATION : 0 })
  },
  'lock-conflict': onFile('LOCK', NtStatus.LOCK_NOT_GRANTED, {
    kind: 'lock',
    locks: [{ offset: 0n, length: 2n, flags: 2 }],
  }),
  'break-stall': (story, isIll) => {
    const tree = story.tree(story.session(story.connection()))
    const holder = story.connection({ client: '10.0.0.6' })
    const told: Detail = { kind: 'break', from: 7, to: 0, isLease: true, key: 'ab', needsAnswer: true }
    story.say(holder, 'OPLOCK_BREAK', told, { request: undefined, atNs: 10 * MS })
    story.open(tree, 'plan.txt', { atNs: 5 * MS, tookNs: isIll ? 35 * SECOND : 20 * MS })
  },
  'disk-full': onFile('WRITE', NtStatus.DISK_FULL),
  'pipe-broken': onFile('READ', NtStatus.PIPE_BROKEN),
  'server-slow': (story, isIll) => {
    reads(story, { count: 100 })
    reads(story, { count: 3, tookNs: isIll ? 800 * MS : MS })
  },
  'network-loss': (story, isIll) => {
    const connection = story.connection({ fromClient: { segments: 1000, retransmissions: isIll ? 20 : 0 } })
    story.say(connection, 'WRITE', other, { time: { retransmissions: isIll ? 1 : 0 } })
    story.ends(connection)
  },
  'zero-window': (story, isIll) => {
    const connection = story.connection({ fromClient: { zeroWindows: isIll ? 3 : 0 } })
    story.say(connection, 'READ', other, { time: { zeroWindows: isIll ? 1 : 0 } })
    story.ends(connection)
  },
  'small-window': (story, isIll) => {
    const largestWindow = isIll ? 65_535 : 4 * 1024 * 1024
    const connection = story.connection({ roundTripNs: 80 * MS, fromClient: { largestWindow } })
    for (let index = 0; index < 4; index++)
      story.say(connection, 'READ', { kind: 'read', offset: 0n, length: 1 }, { dataBytes: 1024 * 1024 })
    story.ends(connection)
  },
  'delayed-acknowledgement': (story, isIll) => {
    const connection = story.connection()
    for (let index = 0; index < 60; index++)
      story.say(connection, 'WRITE', other, { tookNs: isIll && index % 3 === 0 ? 41 * MS : MS })
    story.ends(connection)
  },
  'client-slow': (story, isIll) => reads(story, { idleNs: isIll ? 100 * MS : 0 }),
  'serial-transfer': (story, isIll) => reads(story, { tookNs: 40 * MS, roundTripNs: 40 * MS, depth: isIll ? 1 : 8 }),
  'latency-bound': (story, isIll) => {
    const roundTripNs = isIll ? 40 * MS : 0.2 * MS
    const connection = story.connection({ roundTripNs })
    for (let index = 0; index < 80; index++) story.say(connection, 'QUERY_INFO', other, { tookNs: roundTripNs })
    story.ends(connection)
  },
  'credit-starvation': (story, isIll) => {
    const connection = story.connection()
    for (let index = 0; index < 60; index++)
      story.say(connection, 'READ', other, { creditsRequested: 32, creditsGranted: isIll ? 1 : 32 })
    story.ends(connection)
  },
  'open-storm': (story, isIll) => opens(story, isIll ? 60 : 5, () => 'log.txt'),
  'stat-loop': (story, isIll) => {
    const connection = story.connection()
    const tree = story.tree(story.session(connection))
    const detail: Detail = {
      kind: 'query-info',
      infoType: 1,
      informationClass: 18,
      newName: undefined,
      deletePending: undefined,
    }
    for (let index = 0; index < (isIll ? 80 : 5); index++)
      story.say(connection, 'QUERY_INFO', detail, { session: tree.session, tree, path: 'flag.txt' })
  },
  'repeated-listing': (story, isIll) => {
    const connection = story.connection()
    const tree = story.tree(story.session(connection))
    const detail: Detail = { kind: 'query-directory', pattern: '*', informationClass: 37, entries: undefined }
    for (let index = 0; index < (isIll ? 20 : 3); index++)
      story.say(connection, 'QUERY_DIRECTORY', detail, { tree, path: 'inbox', status: NtStatus.NO_MORE_FILES })
  },
  'small-reads': (story, isIll) => reads(story, { count: 100, length: isIll ? 512 : 65_536 }),
  scan: (story, isIll) => opens(story, 400, (index) => `docs\\${index}.pdf`, 0, isIll ? 20 * MS : 2 * SECOND),
  'cleartext-password': (story, isIll) => {
    const detail = negotiate({ dialectNames: ['NT LM 0.12'], chosen: 0, serverSecurityMode: isIll ? 1 : 3 })
    story.say(story.connection({ dialect: 'NT1' }), 'NEGOTIATE', detail, { protocol: 'smb1' })
  },
  'guest-session': exposure({ isGuest: true }),
  'smb1-used': exposure({}, 'NT1'),
  unsigned: exposure({ isSigned: false }),
  'ntlm-used': exposure({}),
  'not-encrypted': exposure({}, 0x0311, '203.0.113.9'),
}

/** The rule, and what it finds in its scene. */
function play(id: string, isIll: boolean): readonly Finding[] {
  const rule = rules.find((one) => one.id === id)
  const scene = scenes[id]
  assert.ok(rule !== undefined && scene !== undefined, `${id} has no scene`)
  const story = new Story(rule)
  scene(story, isIll)
  return story.findings()
}

for (const { id, looksFor } of rules)
  test(`${id}: ${looksFor}`, () => {
    const found = play(id, true)
    assert.equal(found.length, 1, JSON.stringify(found.map(({ title }) => title)))
    for (const { rule, title, cause, advice, frames, count } of found) {
      assert.equal(rule, id)
      assert.ok(frames.length > 0 && frames.length <= 20 && count > 0)
      assert.ok(title.length < 160 && cause.length > 80, `${title}\n${cause}`)
      // Windows' policy, Samba's option, smbkit's setting: each has one, or says that there is none.
      for (const place of ['windows', 'samba', 'smbkit'] as const)
        assert.ok(
          advice.some(({ where, text }) => where === place && text.length > 10),
          `nothing for ${place}`,
        )
      assert.doesNotMatch(`${title} ${cause}`, /undefined|NaN|\[object/)
    }
    assert.deepEqual(play(id, false), [], 'the healthy twin')
  })

test('every scene has its rule, and ids are those of the files', () => {
  assert.deepEqual(Object.keys(scenes).toSorted(), rules.map(({ id }) => id).toSorted())
})

test('who holds a file that is in use is told', () => {
  const [found] = play('sharing-violation', true)
  assert.match(found?.cause ?? '', /held by CORP\\bernd from 10\.0\.0\.5 since frame \d+, shares nothing/)
})

test('requests that come in two parts wait for the timer, too', () => {
  for (const length of [100, 1_000_000]) {
    const story = new Story(delayedAcknowledgement)
    const connection = story.connection()
    for (let index = 0; index < 20; index++) {
      const at = { frame: index + 1, timeNs: index * SECOND }
      const request = { first: at, last: { ...at, timeNs: at.timeNs + 41 * MS }, length, chainIndex: 0 }
      story.say(connection, 'WRITE', other, { request, tookNs: 30 * MS, time: { transferNs: 41 * MS } })
    }
    story.ends(connection)
    const titles = story.findings().map(({ title }) => title)
    assert.equal(titles.length, length === 100 ? 1 : 0, `${length} bytes: ${titles.join()}`)
  }
})

test('what a client fell back to is told, and makes it less bad', () => {
  const rule = rules.find(({ id }) => id === 'kerberos-spn-unknown')
  assert.ok(rule !== undefined)
  const story = new Story(rule)
  story.kerberos({ errorCode: 7, serviceName: 'cifs/alias' })
  const connection = story.connection()
  story.say(connection, 'SESSION_SETUP', setup, { session: story.session(connection) })
  const [found] = story.findings()
  assert.equal(found?.severity, 'warning')
  assert.match(found?.title ?? '', /no service cifs\/alias; NTLMv2 was used instead/)
})

test('very many kinds of evidence make no more than a dozen findings', () => {
  const rule = rules.find(({ id }) => id === 'disk-full')
  assert.ok(rule !== undefined)
  const story = new Story(rule)
  const connection = story.connection()
  const session = story.session(connection)
  for (let index = 0; index < 1000; index++)
    story.say(connection, 'WRITE', other, {
      tree: story.tree(session, `\\\\srv\\s${index}`),
      status: NtStatus.DISK_FULL,
    })
  assert.equal(story.findings().length, 12)
})
