/** A share that lists whatever it is told to, as only a hostile server would. */
import type { Share } from '../../src/client/api/share.ts'
import { Dirent, type FileFacts, Stats } from '../../src/client/stats.ts'

const facts = (size: number, fileAttributes: number): FileFacts => ({
  creationTime: 133_000_000_000_000_000n,
  lastAccessTime: 133_000_000_000_000_000n,
  lastWriteTime: 133_000_000_000_000_000n,
  changeTime: 133_000_000_000_000_000n,
  allocationSize: size,
  endOfFile: size,
  fileAttributes,
  fileId: 0n,
  numberOfLinks: 1,
  reparseTag: 0,
})

/** Files in the root of a share, with names as they are. */
export function virtualShare(files: readonly (readonly [name: string, content: string])[]): Share {
  const share: Partial<Share> = {
    name: 'hostile',
    stat: async () => new Stats(facts(0, 0x10)),
    lstat: async () => new Stats(facts(0, 0x10)),
    opendir: async (path) => {
      const entries = files.map(([name, content]) => new Dirent(name, path, new Stats(facts(content.length, 0x20))))
      return {
        path,
        read: async () => null,
        close: async () => undefined,
        async *[Symbol.asyncIterator]() {
          yield* entries
        },
        [Symbol.asyncDispose]: async () => undefined,
      }
    },
    readFile: (async () => Buffer.from('content')) as unknown as Share['readFile'],
  }
  return share as Share
}
