/** Servers that are silent, damaged or hostile: every call ends, and with an error that says what is wrong. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  type Client,
  type ConnectOptions,
  ProtocolError,
  SecurityError,
  type Share,
  SmbError,
  TransportError,
  WireError,
} from '../../src/client/index.ts'
import { Command, HeaderFlags } from '../../src/wire/smb2/index.ts'
import { Library } from './library.ts'
import type { World } from './world.ts'
import { scenario } from './world.ts'

const FLAGS_AT = 16
const CREDITS_AT = 14
const COMMAND_AT = 12
const MESSAGE_ID_AT = 24
const BODY_AT = 64

/** What a server sends, changed on its way: the messages of a frame, one by one. */
function changing(library: Library, change: (message: Uint8Array) => void): void {
  library.change = (frame) => {
    for (let at = 4; at + BODY_AT <= frame.length; ) {
      const next = viewOf(frame).getUint32(at + 20, true)
      change(frame.subarray(at, next === 0 ? frame.length : at + next))
      if (next === 0) return
      at += next
    }
  }
}

const commandOf = (message: Uint8Array): number => viewOf(message).getUint16(COMMAND_AT, true)

/** Changes only what answers one command. */
const answering = (command: number, change: (message: Uint8Array) => void) => (message: Uint8Array) => {
  if (commandOf(message) === command) change(message)
}

async function joined(
  world: World,
  options: ConnectOptions = {},
): Promise<{ library: Library; client: Client; share: Share }> {
  const library = new Library(world)
  const client = await library.connect({ reconnect: false, ...options })
  const share = await library.during(client.share('data'))
  return { library, client, share }
}

/** Nothing proves who has said what: so what is changed is looked at. */
const UNSIGNED: ConnectOptions = { signing: 'off', maxDialect: '2.1' }
const files = { 'a.txt': 'content of a', 'evil.txt': 'x' }

scenario('a server that accepts and says nothing', {}, async (world) => {
  const library = new Library(world)
  library.isSilent = true
  await assert.rejects(library.connect(), (error: unknown) => {
    assert.ok(error instanceof TransportError)
    assert.equal(error.code, 'ETIMEDOUT')
    assert.match(error.message, /said nothing.*NEGOTIATE/)
    return true
  })
})

scenario('a port that is closed, and a name that nobody has', {}, async (world) => {
  const library = new Library(world)
  for (const [code, sentence] of [
    ['ECONNREFUSED', /nothing listens for SMB on that port/],
    ['ENOTFOUND', /no computer of that name is known/],
    ['EHOSTUNREACH', /no way leads to that computer/],
  ] as const) {
    library.refusal = code
    await assert.rejects(library.connect(), (error: unknown) => {
      assert.ok(error instanceof TransportError)
      assert.equal(error.code, code)
      assert.match(error.message, sentence)
      return true
    })
  }
})

scenario('a server that falls silent is asked for a sign of life, then given up', { files }, async (world) => {
  const { library, client, share } = await joined(world)
  library.isSilent = true
  const start = world.clock.now()
  await assert.rejects(library.during(share.readFile('a.txt')), { name: 'TransportError', code: 'ETIMEDOUT' })
  const seconds = Number((world.clock.now() - start) / 10_000_000n)
  assert.ok(seconds >= 20 && seconds <= 60, `${seconds} s`)
  await library.during(client.close())
})

scenario('a server that lives, but does not answer one request', { files }, async (world) => {
  const { library, client, share } = await joined(world)
  library.drops = (message) => commandOf(message) === Command.CREATE
  await assert.rejects(library.during(share.open('a.txt')), (error: unknown) => {
    assert.ok(error instanceof TransportError && error.outcomeUnknown)
    assert.match(error.message, /the server lives.*CREATE of 'a.txt' in open/)
    return true
  })
  library.drops = undefined
  assert.ok((await library.during(client.echo())) >= 0)
  await library.during(client.close())
})

scenario('answers that another has changed, or that nobody has signed', { files }, async (world) => {
  for (const change of [
    (message: Uint8Array) => {
      message[BODY_AT + 10] = (message[BODY_AT + 10] as number) ^ 1
    },
    (message: Uint8Array) => {
      const view = viewOf(message)
      view.setUint32(FLAGS_AT, view.getUint32(FLAGS_AT, true) & ~HeaderFlags.SIGNED, true)
    },
  ]) {
    const { library, client, share } = await joined(world)
    changing(library, answering(Command.CREATE, change))
    await assert.rejects(library.during(share.readFile('a.txt')), SecurityError)
    await library.during(client.close())
  }
})

scenario('a start that somebody has changed: 3.1.1 by its hash, 3.0 by asking again', {}, async (world) => {
  for (const maxDialect of ['3.1.1', '3.0.2'] as const) {
    const library = new Library(world)
    changing(
      library,
      // Nothing can be sealed, says somebody in between.
      answering(Command.NEGOTIATE, (message) => {
        const view = viewOf(message)
        view.setUint32(BODY_AT + 24, view.getUint32(BODY_AT + 24, true) & ~0x40, true)
        view.setUint32(BODY_AT + 28, 0x8000_0000, true)
      }),
    )
    await assert.rejects(async () => {
      const client = await library.connect({ maxDialect, reconnect: false })
      try {
        await library.during(client.share('data'))
      } finally {
        await library.during(client.close())
      }
    }, SecurityError)
  }
})

scenario('answers to nothing, and to another question', { files }, async (world) => {
  for (const change of [
    (message: Uint8Array) => viewOf(message).setBigUint64(MESSAGE_ID_AT, 4711n, true),
    (message: Uint8Array) => viewOf(message).setUint16(COMMAND_AT, Command.WRITE, true),
  ]) {
    const { library, client, share } = await joined(world, UNSIGNED)
    changing(library, answering(Command.CREATE, change))
    await assert.rejects(library.during(share.readFile('a.txt')), ProtocolError)
    await library.during(client.close())
  }
})

scenario('a server that gives no credits', { files }, async (world) => {
  const { library, client, share } = await joined(world, { ...UNSIGNED, limits: { maxCredits: 1 } })
  changing(library, (message) => viewOf(message).setUint16(CREDITS_AT, 0, true))
  const calls = Array.from({ length: 600 }, () => share.readFile('a.txt'))
  const outcomes = await library.during(Promise.allSettled(calls))
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0)
  for (const { reason } of refused as PromiseRejectedResult[]) assert.ok(reason instanceof SmbError)
  await library.during(client.close())
})

scenario('lengths that reach beyond the answer name the field', { files }, async (world) => {
  for (const [command, at, path, call] of [
    [Command.READ, 4, /SMB2 READ Response/, (share: Share) => share.readFile('a.txt')],
    [Command.CREATE, 84, /SMB2 CREATE Response/, (share: Share) => share.readFile('a.txt')],
    [Command.QUERY_INFO, 4, /SMB2 QUERY_INFO Response/, (share: Share) => share.stat('a.txt')],
    [Command.QUERY_DIRECTORY, 4, /SMB2 QUERY_DIRECTORY Response/, (share: Share) => share.readdir('')],
    [Command.IOCTL, 36, /SMB2 IOCTL Response/, (share: Share) => share.snapshots()],
  ] as const) {
    const { library, client, share } = await joined(world, UNSIGNED)
    changing(
      library,
      answering(command, (message) => {
        if (message.length > BODY_AT + 16) viewOf(message).setUint32(BODY_AT + at, 0x00ff_0000, true)
      }),
    )
    await assert.rejects(library.during<unknown>(call(share)), (error: unknown) => {
      if (command === Command.IOCTL && !(error instanceof WireError)) return error instanceof SmbError
      assert.ok(error instanceof WireError, String(error))
      assert.match(error.path, path)
      return true
    })
    await library.during(client.close())
  }
})

scenario('names that lead elsewhere are refused, wherever they come from', { files }, async (world) => {
  for (const name of ['../a.txt', '..\\a.txt', 'ev\0l.txt', '/etc/pas']) {
    const { library, client, share } = await joined(world, UNSIGNED)
    const from = Buffer.from('evil.txt', 'utf16le')
    const to = Buffer.from(name, 'utf16le')
    changing(
      library,
      answering(Command.QUERY_DIRECTORY, (message) => {
        const at = Buffer.from(message.buffer, message.byteOffset, message.length).indexOf(from)
        if (at >= 0) message.set(to, at)
      }),
    )
    const calls: readonly (() => Promise<unknown>)[] = [
      () => share.readdir(''),
      () => share.readdir('', { withFileTypes: true }),
      () => share.readdir('', { recursive: true }),
      () => share.cp('', { disk: '/nowhere' }, { recursive: true, dryRun: true }),
      () => share.rm('', { recursive: true }),
    ]
    for (const call of calls)
      await assert.rejects(library.during(call()), (error: unknown) => {
        assert.ok(error instanceof WireError, String(error))
        assert.match(error.message, /is no name/)
        return true
      })
    await library.during(client.close())
  }
})

const anyCall: readonly ((share: Share, client: Client) => Promise<unknown>)[] = [
  (share) => share.readFile('a.txt'),
  (share) => share.writeFile('b.txt', 'x'.repeat(100_000)),
  (share) => share.stat('a.txt'),
  (share) => share.readdir('', { withFileTypes: true }),
  (share) => share.statfs(),
  (share) => share.securityDescriptor('a.txt'),
  (share) => share.extendedAttributes('a.txt'),
  (share) => share.streams('a.txt'),
  (share) => share.snapshots(),
  (share) => share.realpath('a.txt'),
  (share) => share.copyFile('a.txt', 'c.txt'),
  (_, client) => client.shares(),
  (_, client) => client.lookupSids(['S-1-1-0']),
]

scenario('answers that are damaged at random end in an error, never in a hang or a crash', { files }, async (world) => {
  const { random } = world
  let damaged = 0
  for (let round = 0; round < 120; round++) {
    const { library, client, share } = await joined(world, UNSIGNED)
    changing(library, (message) => {
      if (!random.oneIn(3)) return
      damaged++
      // Not who it is for: nobody would hear of it.
      const at = BODY_AT + random.below(Math.max(1, message.length - BODY_AT))
      if (at < message.length) message[at] = random.below(256)
    })
    const call = random.pick(anyCall)
    const [outcome] = await library.during(Promise.allSettled([call(share, client)]))
    if (outcome?.status === 'rejected') assert.ok(outcome.reason instanceof SmbError, String(outcome.reason?.stack))
    library.change = undefined
    await library.during(client.close())
  }
  assert.ok(damaged > 50)
})
