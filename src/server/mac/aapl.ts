/** Apple's create context: what server and share can do for a Mac. Described by Apple's SMB client and Samba's server. */
import { viewOf } from '../../bytes/utf16.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Aapl,
  AaplCapabilities,
  AaplResolveIdRequest,
  AaplResolveIdResponse,
  AaplServerQueryRequest,
  AaplServerQueryResponse,
  AaplVolumeCapabilities,
  CreateContextName,
} from '../../wire/smb2/index.ts'
import type { FileStat } from '../backend.ts'
import type { Session } from '../session.ts'
import type { Share } from '../share.ts'

export type AaplRequest =
  | { readonly command: 'serverQuery'; readonly bitmap: bigint; readonly capabilities: bigint }
  | { readonly command: 'resolveId' | 'unknown' }

/** @throws WireError where the context is damaged */
export function readAapl(data: Uint8Array): AaplRequest {
  const view = viewOf(data)
  const command = data.length < 4 ? Aapl.SERVER_QUERY : view.getUint32(0, true)
  if (command === Aapl.SERVER_QUERY) {
    const { requestBitmap, clientCapabilities } = AaplServerQueryRequest.decode(view)
    return { command: 'serverQuery', bitmap: requestBitmap, capabilities: clientCapabilities }
  }
  if (command !== Aapl.RESOLVE_ID) return { command: 'unknown' }
  AaplResolveIdRequest.decode(view)
  return { command: 'resolveId' }
}

/** The answer to what a Mac asks; undefined where the share is not for Macs. `stat` is that of what was opened. */
export function answerAapl(
  session: Session,
  share: Share,
  asked: AaplRequest,
  stat: FileStat,
): { name: string; data: Uint8Array } | undefined {
  if (share.options.macos === 'off') return undefined
  const name = CreateContextName.AAPL
  switch (asked.command) {
    case 'serverQuery':
      return { name, data: answerQuery(session, share, asked.bitmap, asked.capabilities, stat.posix !== undefined) }
    case 'resolveId':
      // No ids are told to Macs (`shownFileId`), so there is no file that has this one.
      return { name, data: AaplResolveIdResponse.encode({ status: NtStatus.OBJECT_NAME_NOT_FOUND, path: '' }) }
    case 'unknown':
      return undefined
  }
}

function answerQuery(
  session: Session,
  share: Share,
  bitmap: bigint,
  capabilities: bigint,
  hasMode: boolean,
): Uint8Array {
  const { SUPPORTS_NFS_ACE, SUPPORTS_OSX_COPYFILE, SUPPORTS_READ_DIR_ATTR, UNIX_BASED } = AaplCapabilities
  const wants = (bit: bigint): boolean => (bitmap & bit) !== 0n
  if (wants(Aapl.QUERY_SERVER_CAPS))
    session.mac ??= {
      readDirAttr: (capabilities & SUPPORTS_READ_DIR_ATTR) !== 0n && share.backend.features.namedStreams,
      nfsAces: hasMode,
    }
  const { readDirAttr = false, nfsAces = false } = session.mac ?? {}
  const serverCapabilities =
    UNIX_BASED | SUPPORTS_OSX_COPYFILE | (readDirAttr ? SUPPORTS_READ_DIR_ATTR : 0n) | (nfsAces ? SUPPORTS_NFS_ACE : 0n)
  return AaplServerQueryResponse.encode({
    replyBitmap: bitmap & (Aapl.QUERY_SERVER_CAPS | Aapl.QUERY_VOLUME_CAPS | Aapl.QUERY_MODEL_INFO),
    serverCapabilities: wants(Aapl.QUERY_SERVER_CAPS) ? serverCapabilities : null,
    volumeCapabilities: wants(Aapl.QUERY_VOLUME_CAPS) ? volumeCapabilities(share) : null,
    modelString: wants(Aapl.QUERY_MODEL_INFO) ? session.server.macModel : null,
  })
}

/** Every FLUSH is a full one here; only where it is claimed a share is offered for Time Machine. */
const volumeCapabilities = (share: Share): bigint =>
  share.options.timeMachine === true ? AaplVolumeCapabilities.SUPPORTS_FULL_SYNC : 0n
