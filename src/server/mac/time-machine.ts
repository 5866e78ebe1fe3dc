/** How much room Time Machine is told that there is: a share may have a limit, and what backups hold counts against it. */
import type { Filetime } from '../../bytes/filetime.ts'
import { failed } from '../../wire/erref/failure.ts'
import type { Backend, BackendFile, BackendPath, OpenHow, VolumeInfo } from '../backend.ts'
import { type Steps, wait } from '../steps.ts'

const BUNDLE = /\.(sparsebundle|backupbundle)$/i
const MAX_PLIST_BYTES = 64 * 1024
const BYTES_PER_SECTOR = 512
const SECTORS_PER_UNIT = 2

/** What the bands of a bundle take, as long as none comes or goes. */
interface Known {
  readonly writeTime: Filetime
  readonly bytes: number
}
const known = new WeakMap<Backend, Map<string, Known>>()

/** The volume as it is with no more than `limit` bytes for all backups together. */
export function* limitedVolume(backend: Backend, volume: VolumeInfo, limit: number): Steps<VolumeInfo> {
  const used = yield* usedBytes(backend)
  const free = Math.max(0, Math.min(limit - used, volume.freeBytes))
  return {
    ...volume,
    totalBytes: Math.min(limit, volume.totalBytes),
    freeBytes: free,
    availableBytes: Math.min(free, volume.availableBytes),
    bytesPerSector: BYTES_PER_SECTOR,
    sectorsPerAllocationUnit: SECTORS_PER_UNIT,
  }
}

function* usedBytes(backend: Backend): Steps<number> {
  const names = yield* listed(backend, [])
  let bytes = 0
  for (const name of names) if (BUNDLE.test(name)) bytes += yield* bundleBytes(backend, name)
  return bytes
}

function* bundleBytes(backend: Backend, name: string): Steps<number> {
  const bands: BackendPath = [name, 'bands']
  const stat = yield* withFile(backend, bands, 'directory', function* (file) {
    return yield* wait(file.stat())
  })
  if (stat === undefined || failed(stat)) return 0
  let bundles = known.get(backend)
  if (bundles === undefined) known.set(backend, (bundles = new Map()))
  const before = bundles.get(name)
  if (before?.writeTime === stat.lastWriteTime) return before.bytes
  const bandBytes = yield* bandSize(backend, name)
  const bytes = bandBytes * (yield* listed(backend, bands)).length
  bundles.set(name, { writeTime: stat.lastWriteTime, bytes })
  return bytes
}

/** Bytes of one band, as Info.plist says; 0 where it does not. */
function* bandSize(backend: Backend, name: string): Steps<number> {
  const plist = yield* withFile(backend, [name, 'Info.plist'], 'file', function* (file) {
    const bytes = Buffer.alloc(MAX_PLIST_BYTES)
    const length = yield* wait(file.read(bytes, 0))
    return failed(length) ? '' : bytes.toString('utf8', 0, length)
  })
  const found = /<key>band-size<\/key>\s*<integer>(\d{1,15})<\/integer>/.exec(plist ?? '')
  return found === null ? 0 : Number(found[1])
}

function* listed(backend: Backend, path: BackendPath): Steps<readonly string[]> {
  const names = yield* withFile(backend, path, 'directory', function* (file) {
    return yield* wait(file.list())
  })
  return names === undefined || failed(names) ? [] : names
}

function* withFile<T>(
  backend: Backend,
  path: BackendPath,
  kind: OpenHow['kind'] & string,
  use: (file: BackendFile) => Steps<T>,
): Steps<T | undefined> {
  const opened = yield* wait(backend.open(path, { disposition: 'open', kind, read: true, write: false }))
  if (failed(opened)) return undefined
  try {
    return yield* use(opened.file)
  } finally {
    yield* wait(opened.file.close())
  }
}
