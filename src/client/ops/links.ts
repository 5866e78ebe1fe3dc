import { utf16Text } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  decodeReparsePoint,
  encodeReparsePoint,
  MAX_REPARSE_DATA_BYTES,
  NfsType,
  type ReparsePoint,
  SymlinkFlags,
} from '../../wire/fscc/index.ts'
import { CreateDisposition, CreateOptions, FsctlCode, InfoType } from '../../wire/smb2/index.ts'
import type { CallOptions } from '../api/options.ts'
import { ioctlCall, setInfoCall } from '../calls/information.ts'
import { StatusError } from '../errors.ts'
import { dispositionInformation } from '../information.ts'
import { shownPath } from '../paths.ts'
import { once, openAt, type Spot } from '../spot.ts'
import type { Volume } from '../volume.ts'

const { DELETE, FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, SYNCHRONIZE } = AccessMask

export type LinkType = 'file' | 'dir' | 'junction'

export interface SymlinkOptions extends CallOptions {
  readonly type?: LinkType
}

/** The reparse point of a link: its target as Windows writes it. MS-FSCC 2.1.2.4, 2.1.2.5. */
function linkTo(target: string, type: LinkType): ReparsePoint {
  const wire = target.replaceAll('/', '\\')
  if (type === 'junction') return { kind: 'mountPoint', substituteName: ntPath(wire), printName: wire }
  const isAbsolute = /^(?:\\|[a-z]:)/i.test(wire)
  if (!isAbsolute) return { kind: 'symlink', substituteName: wire, printName: wire, flags: SymlinkFlags.RELATIVE }
  return { kind: 'symlink', substituteName: ntPath(wire), printName: wire, flags: 0 }
}

/** `C:\x` and `\\server\share` in the namespace of the NT kernel. */
function ntPath(path: string): string {
  if (path.startsWith('\\??\\')) return path
  return path.startsWith('\\\\') ? `\\??\\UNC\\${path.slice(2)}` : `\\??\\${path}`
}

export const symlink = (volume: Volume, target: string, path: string, options: SymlinkOptions = {}): Promise<void> =>
  volume.at(path, 'symlink', (spot) => makeLink(spot, target, options), target)

async function makeLink(spot: Spot, target: string, { type = 'file', signal }: SymlinkOptions): Promise<void> {
  const kind = type === 'file' ? CreateOptions.NON_DIRECTORY_FILE : CreateOptions.DIRECTORY_FILE
  const how = {
    access: FILE_WRITE_ATTRIBUTES | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | DELETE | SYNCHRONIZE,
    disposition: CreateDisposition.CREATE,
    options: kind | CreateOptions.OPEN_REPARSE_POINT,
  }
  const input = encodeReparsePoint(linkTo(target, type))
  const file = await openAt(spot, how, { signal })
  try {
    await file.call(
      (fileId) =>
        ioctlCall(
          { fileId, ctlCode: FsctlCode.SET_REPARSE_POINT, input, maxOutputBytes: 0 },
          spot.occasion,
          () => undefined,
        ),
      { signal },
    )
  } catch (error) {
    // Without its target it is an empty file, which nobody asked for.
    await file
      .call((fileId) =>
        setInfoCall({ fileId, infoType: InfoType.FILE, ...dispositionInformation(true) }, spot.occasion),
      )
      .catch(() => undefined)
    throw error
  } finally {
    await file.close().catch(() => undefined)
  }
}

/** Where a link leads, with `/`. */
export const readlink = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<string> =>
  volume.at(path, 'readlink', async (spot) => {
    const how = { access: FILE_READ_ATTRIBUTES, options: CreateOptions.OPEN_REPARSE_POINT }
    const { results } = await once(
      spot,
      how,
      (fileId) => [
        ioctlCall(
          { fileId, ctlCode: FsctlCode.GET_REPARSE_POINT, maxOutputBytes: MAX_REPARSE_DATA_BYTES },
          spot.occasion,
          (output) => decodeReparsePoint(output),
        ),
      ],
      { signal, repeatable: true },
    )
    const target = targetOf(results[0])
    if (target === undefined) throw new StatusError(NtStatus.NOT_A_REPARSE_POINT, 'IOCTL', spot.occasion)
    return shownPath(target)
  })

function targetOf(point: ReparsePoint): string | undefined {
  if (point.kind === 'symlink' || point.kind === 'mountPoint') {
    const { printName, substituteName } = point
    return printName === '' ? substituteName : printName
  }
  if (point.kind === 'nfs' && point.type === NfsType.LINK) return utf16Text(point.data)
  return undefined
}
