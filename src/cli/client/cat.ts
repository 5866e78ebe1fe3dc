import { Command } from 'commander'
import type { FileHandle } from '../../client/api/file-handle.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll, type Found } from './expand.ts'
import { about } from './servers.ts'

/** `smbkit cat`: files to standard output. */
export function catCommand(): Command {
  return withConnection(
    new Command('cat')
      .description('write files to standard output')
      .argument('<address...>', 'files; * and ? in the last name'),
  ).action((words: string[], options: ConnectionOptions) => runClient(options, (context) => cat(context, words)))
}

async function cat(context: Context, words: readonly string[]): Promise<void> {
  for (const found of await expandAll(context, words)) {
    try {
      await about(found.address, write(context, found))
    } catch (error) {
      if (words.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
}

/** Bytes of a piece, and pieces that are on their way while one is written. */
const pieceBytes = 1024 * 1024
const piecesAhead = 8

interface Piece {
  readonly buffer: Uint8Array
  readonly read: Promise<number>
}

/** From the first byte to the end, wherever that is by then. The same buffers are read into again and again. */
async function write({ out, signal }: Context, { address, share }: Found): Promise<void> {
  await using file = await share.open(address.path, 'r', { signal })
  const size = Math.max(file.size, 1)
  const pieces: Piece[] = []
  let at = 0
  const ask = (buffer: Uint8Array): void => {
    const read = readWhole(file, buffer, at, signal)
    // What one that is waited for meets, the others meet, too: that one tells it.
    read.catch(() => undefined)
    pieces.push({ buffer, read })
    at += buffer.length
  }
  for (let count = Math.min(piecesAhead, Math.ceil(size / pieceBytes)); count > 0; count--)
    ask(Buffer.allocUnsafeSlow(Math.min(pieceBytes, size)))
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const { buffer } = piece
    const count = await piece.read
    if (count > 0) await out.bytes(buffer.subarray(0, count))
    if (count < buffer.length) return
    ask(buffer)
  }
}

/** Fewer bytes than there is room for mean the end. */
async function readWhole(file: FileHandle, buffer: Uint8Array, at: number, signal: AbortSignal): Promise<number> {
  let done = 0
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, at + done, { signal })
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}
