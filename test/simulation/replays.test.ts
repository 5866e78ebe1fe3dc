/** Requests that are sent again because their answers were lost, and requests that come too late. */
import { Capabilities, Command, type FileId, HeaderFlags, LockRequest } from '../../src/wire/smb2/index.ts'
import { close, create, exclusive, type Range, read, setInfo, unlocked, write } from './files.ts'
import { encodeBody } from './messages.ts'
import type { CallOptions, RawClient } from './raw-client.ts'
import { scenario, statusIs, succeeded } from './world.ts'

const REPLAY = HeaderFlags.REPLAY_OPERATION

scenario('what comes late on a channel that was given up changes nothing', { files: { a: 'first' } }, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await write(client, file, 'second', {}, { channelSequence: 1 }))
  for (const options of [{}, { flags: REPLAY }, { channelSequence: 0x8001 }] satisfies CallOptions[]) {
    statusIs(await write(client, file, 'late', {}, options), 'STATUS_FILE_NOT_AVAILABLE')
    statusIs(await setInfo(client, file, 14, new Uint8Array(8), {}, options), 'STATUS_FILE_NOT_AVAILABLE')
    // To look does no harm.
    succeeded(await read(client, file, {}, options))
  }
  succeeded(await write(client, file, 'again!', {}, { channelSequence: 1, flags: REPLAY }))
  succeeded(await close(client, file))
})

const lockAgain = (client: RawClient, fileId: FileId, lockSequence: number, range: Range) =>
  client.callRaw(Command.LOCK, encodeBody(LockRequest, { fileId, lockSequence, locks: [range] }))

const multichannel = { capabilities: Capabilities.MULTI_CHANNEL }

scenario('a LOCK that was carried out is not carried out again', { files: { a: '' } }, async (world) => {
  const client = await world.client({ negotiate: multichannel })
  const file = await create(client, { name: 'a' })
  succeeded(await lockAgain(client, file, 0x11, exclusive(0n, 10n)))
  succeeded(await lockAgain(client, file, 0x11, exclusive(0n, 10n)))
  statusIs(await lockAgain(client, file, 0x22, exclusive(0n, 10n)), 'STATUS_LOCK_NOT_GRANTED')
  succeeded(await lockAgain(client, file, 0x12, unlocked(0n, 10n)))
  succeeded(await lockAgain(client, file, 0x12, unlocked(0n, 10n)))
  statusIs(await lockAgain(client, file, 0x13, unlocked(0n, 10n)), 'STATUS_RANGE_NOT_LOCKED')
  // Index 0 recognizes nothing.
  succeeded(await lockAgain(client, file, 0x01, exclusive(0n, 10n)))
  statusIs(await lockAgain(client, file, 0x01, exclusive(0n, 10n)), 'STATUS_LOCK_NOT_GRANTED')
})

scenario('without several channels an open that ends with its connection recognizes nothing', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  succeeded(await lockAgain(client, file, 0x11, exclusive(0n, 10n)))
  statusIs(await lockAgain(client, file, 0x11, exclusive(0n, 10n)), 'STATUS_LOCK_NOT_GRANTED')
})
