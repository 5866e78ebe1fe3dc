/** `smbkit/client`: files on SMB servers, with the API of `node:fs/promises`. */
import { connect as dial } from '../net/connector.ts'
import type { Address } from './address.ts'
import type { Client, Connect, Negotiate, OpenShare, SpeaksSmb1 } from './api/client.ts'
import type { ConnectOptions, Nt1Options } from './api/options.ts'
import type { Smb1Client } from './api/smb1.ts'
import { connectBy, connectNt1By, negotiateBy, openShareBy, speaksSmb1By } from './connect.ts'
import { type ConnectRpc, connectRpcBy } from './rpc.ts'

export type { InitiatorMechanism } from '../auth/mechanism.ts'
export { SmbError, WireError } from '../bytes/errors.ts'
export { ntHash } from '../crypto/ntlm.ts'
export type { Clock } from '../protocol/clock.ts'
export { ProtocolError } from '../protocol/frame-assembler.ts'
export type { Transport, TransportEvents } from '../protocol/transport.ts'
export { type Address, parseAddress } from './address.ts'
export type {
  AccountName,
  Client,
  Connect,
  GroupListing,
  Negotiate,
  NetworkInterface,
  OpenFileListing,
  OpenShare,
  ServerDescription,
  ServerListing,
  SessionDescription,
  SessionListing,
  ShareListing,
  SpeaksSmb1,
  UserListing,
} from './api/client.ts'
export type { CopyEntry, CopyOptions, CopyProgress, CopySummary, Place, SkipReason } from './api/copy.ts'
export type {
  FileHandle,
  LockOptions,
  OpenFlags,
  ReadStreamOptions,
  WriteStreamOptions,
} from './api/file-handle.ts'
export type { ObservedConnection, ObservedEvent, ObservedMessage, Observer } from './api/observe.ts'
export type { CallOptions, ConnectOptions, Credentials, DialectName, Nt1Options, Protection } from './api/options.ts'
export type {
  AttributeChange,
  CopyFileOptions,
  Dir,
  FileContent,
  FileTimes,
  OpenOptions,
  Quota,
  ReaddirOptions,
  ReadFileOptions,
  RmOptions,
  Share,
  Snapshot,
  StatFs,
  StreamListing,
  TimeInput,
  WatchEvent,
  WatchOptions,
  WriteFileOptions,
} from './api/share.ts'
export type { Smb1Client, Smb1Server, Smb1Tree } from './api/smb1.ts'
export { connectBy, connectNt1By, negotiateBy, openShareBy, speaksSmb1By, type World } from './connect.ts'
export { copy } from './copy/copy.ts'
export type { ClientTransport, Dial, Target } from './dial.ts'
export { SecurityError, StatusError, TransportError, UsageError } from './errors.ts'
export { type ClientLimits, defaultClientLimits } from './limits.ts'
export { isAddress } from './mechanisms.ts'
export { messagesIn } from './messages-in.ts'
export { type ConnectRpc, connectRpcBy, type RpcConnection, type RpcConnectOptions } from './rpc.ts'
export type { RpcCredentials, RpcOptions } from './rpc-logon.ts'
export { Dirent, type FileFacts, Stats } from './stats.ts'

const world = { dial }

const isNt1 = (options: ConnectOptions | Nt1Options | undefined): options is Nt1Options =>
  options?.dialects !== undefined

function connectBoth(target: string | Address, options?: ConnectOptions): Promise<Client>
function connectBoth(target: string | Address, options: Nt1Options): Promise<Smb1Client>
function connectBoth(target: string | Address, options?: ConnectOptions | Nt1Options): Promise<Client | Smb1Client> {
  return isNt1(options) ? connectNt1By(world, target, options) : connectBy(world, target, options)
}

export const connect: Connect = connectBoth
export const openShare: OpenShare = (target, options) => openShareBy(world, target, options)
export const negotiate: Negotiate = (target, options) => negotiateBy(world, target, options)
/** A service over TCP; see `ConnectRpc`. */
export const connectRpc: ConnectRpc = (host, definition, options) => connectRpcBy(world, host, definition, options)
/** Whether the server would speak SMB1, to somebody who knows nothing better; see `SpeaksSmb1`. */
export const speaksSmb1: SpeaksSmb1 = (target, options) => speaksSmb1By(world, target, options)
