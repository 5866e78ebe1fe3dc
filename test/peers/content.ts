/** Files to carry over the wire and back, and how to tell that they came whole. */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Runs `body` with a temporary folder, which is removed after it. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'smbkit-test-'))
  try {
    return await body(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Bytes that look random and are the same for the same seed: no compression or repetition hides a misplaced block. */
export function bytesOf(length: number, seed: number): Buffer {
  const out = Buffer.alloc(length)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let at = 0; at + 4 <= length; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    out.writeInt32LE(state, at)
  }
  out.fill(seed & 0xff, length - (length % 4))
  return out
}

/** SHA-256 of a file, hexadecimal. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Names that servers and clients have stumbled over; all of them are legal on Windows. */
export const difficultNames: readonly string[] = [
  'plain.txt',
  'with some spaces.txt',
  'Grüße aus Köln.txt',
  'файл.txt',
  '文件.txt',
  '\u{1F600} beyond \u{1F680}.txt',
  '\u{20BB7}野家.txt',
  `${'long'.repeat(50)}.txt`,
  "quotes' and & %20 #.txt",
]

/** A tree of folders and files, some empty, some larger than 64 KiB. */
export function makeTree(root: string, names: readonly string[] = difficultNames): void {
  const files: [string, number][] = [
    ['empty', 0],
    ['one', 1],
    ['block', 65536],
    ['more', 65537],
    ['a/b/c/deep.bin', 300_001],
    ['a/b/beside.txt', 12],
    ['folder with spaces/x y.bin', 4097],
    ...names.map((name, index): [string, number] => [`names/${name}`, 100 + index]),
  ]
  for (const [path, length] of files) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytesOf(length, length))
  }
  mkdirSync(join(root, 'nothing in it'))
}

/** Every folder and file below `root` with the digest of its content: two trees are equal where these are. */
export function digestTree(root: string): Record<string, string> {
  const entries: Record<string, string> = {}
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const digest = entry.isDirectory() ? 'folder' : createHash('sha256').update(readFileSync(path)).digest('hex')
    entries[relative(root, path).normalize('NFC')] = digest
  }
  return Object.fromEntries(Object.entries(entries).toSorted(([left], [right]) => (left < right ? -1 : 1)))
}

export const sizeOf = (file: string): number => statSync(file).size
