import {
  Smb1Command,
  Smb1CoreTransferWords,
  Smb1FidWords,
  Smb1LargeLockRange,
  Smb1LockingWords,
  Smb1LockRange,
  Smb1LockType,
  Smb1NegotiateRequest,
  Smb1NtCreateWords,
  Smb1OffsetHigh,
  Smb1OpenAndXWords,
  Smb1PipeFunction,
  Smb1ReadAndXWords,
  Smb1SessionSetupExtendedRequest,
  Smb1SessionSetupRequest,
  Smb1TransactionWords,
  Smb1TreeConnectRequest,
  Smb1WriteAndXWords,
} from '../../wire/smb1/index.ts'
import { LockFlags } from '../../wire/smb2/index.ts'
import { decoded, fixedPart } from './layout.ts'
import { type LogonToken, readLogonToken } from './logon.ts'
import { bytesAt, other, type Smb1Body, type Smb1Request, textAt, whole, words } from './smb1-body.ts'
import { ntTransact, transaction2 } from './smb1-transactions.ts'

/** Before a text in the older commands. MS-CIFS 2.2.4.2.1. */
const ASCII_FORMAT = 0x04

/** What a request asks for. */
export function readSmb1Request(command: number, body: Smb1Body): Smb1Request {
  return readers[command]?.(body) ?? other
}

const byFid = (body: Smb1Body): Smb1Request => {
  const fid = words(Smb1FidWords, body)?.fid
  return fid === undefined ? other : { ...other, fid }
}

const byPath = (body: Smb1Body): Smb1Request => {
  const at = bytesAt(body)
  if (at + 1 >= body.end || body.view.getUint8(at) !== ASCII_FORMAT) return other
  return { ...other, path: textAt(body, at + 1) }
}

const readers: Readonly<Record<number, (body: Smb1Body) => Smb1Request | undefined>> = {
  [Smb1Command.NEGOTIATE](body) {
    const dialectNames = decoded(Smb1NegotiateRequest, body.view, body.at, body.end, body.origin)?.dialects ?? []
    const unknown = {
      securityMode: undefined,
      serverSecurityMode: undefined,
      chosen: undefined,
      serverTimeNs: undefined,
    }
    return { detail: { kind: 'negotiate', dialects: [], dialectNames, ...unknown } }
  },
  [Smb1Command.SESSION_SETUP_ANDX]: sessionSetup,
  [Smb1Command.TREE_CONNECT_ANDX](body) {
    const path = whole(Smb1TreeConnectRequest, body)?.path
    return path === undefined ? undefined : { detail: { kind: 'tree-connect', path } }
  },
  [Smb1Command.TREE_CONNECT](body) {
    const path = byPath(body).path
    return path === undefined ? undefined : { detail: { kind: 'tree-connect', path } }
  },
  [Smb1Command.NT_CREATE_ANDX]: ntCreate,
  [Smb1Command.OPEN_ANDX]: (body) => openedAs(textAt(body, bytesAt(body)), words(Smb1OpenAndXWords, body)?.accessMode),
  [Smb1Command.OPEN]: (body) => openedAs(byPath(body).path, undefined),
  [Smb1Command.CREATE]: (body) => openedAs(byPath(body).path, undefined),
  [Smb1Command.CREATE_NEW]: (body) => openedAs(byPath(body).path, undefined),
  [Smb1Command.CLOSE]: byFid,
  [Smb1Command.FLUSH]: byFid,
  [Smb1Command.SEEK]: byFid,
  [Smb1Command.LOCK_BYTE_RANGE]: byFid,
  [Smb1Command.UNLOCK_BYTE_RANGE]: byFid,
  [Smb1Command.READ]: (body) => transfer('read', words(Smb1CoreTransferWords, body)),
  [Smb1Command.WRITE]: (body) => transfer('write', words(Smb1CoreTransferWords, body)),
  [Smb1Command.READ_ANDX](body) {
    const found = words(Smb1ReadAndXWords, body)
    if (found === undefined) return undefined
    const high = found.maxCountHigh === 0xffff_ffff ? 0 : found.maxCountHigh & 0xffff
    return transfer('read', { fid: found.fid, offset: found.offset, count: high * 0x1_0000 + found.maxCount }, body, 12)
  },
  [Smb1Command.WRITE_ANDX](body) {
    const found = words(Smb1WriteAndXWords, body)
    if (found === undefined) return undefined
    const count = found.dataLengthHigh * 0x1_0000 + found.dataLength
    return transfer('write', { fid: found.fid, offset: found.offset, count }, body, 14)
  },
  [Smb1Command.LOCKING_ANDX]: locking,
  [Smb1Command.TRANSACTION](body) {
    const setup = decoded(Smb1TransactionWords, body.view, body.at + 1, body.end, body.origin)?.setup
    const fid = setup?.[1]
    return setup?.[0] === Smb1PipeFunction.TRANSACT && fid !== undefined ? { ...other, fid } : undefined
  },
  [Smb1Command.TRANSACTION2]: transaction2,
  [Smb1Command.NT_TRANSACT]: ntTransact,
  [Smb1Command.RENAME](body) {
    const found = byPath(body)
    if (found.path === undefined) return found
    const second = bytesAt(body) + 2 + (found.path.length + 1) * (body.isUnicode ? 2 : 1)
    const newName = textAt(body, second + 1)
    const nothing = { infoType: 1, informationClass: 10, deletePending: undefined }
    return { ...found, detail: { kind: 'set-info', newName, ...nothing } }
  },
  [Smb1Command.DELETE]: byPath,
  [Smb1Command.CREATE_DIRECTORY]: byPath,
  [Smb1Command.DELETE_DIRECTORY]: byPath,
  [Smb1Command.CHECK_DIRECTORY]: byPath,
  [Smb1Command.QUERY_INFORMATION]: byPath,
  [Smb1Command.SET_INFORMATION]: byPath,
}

/** MS-CIFS 2.2.4.32.1: the ranges to unlock come before those to lock. With neither it is the answer to a break. */
function locking(body: Smb1Body): Smb1Request | undefined {
  const found = words(Smb1LockingWords, body)
  if (found === undefined) return undefined
  const { fid, typeOfLock, newOplockLevel, timeout, numberOfRequestedUnlocks, numberOfRequestedLocks } = found
  const count = numberOfRequestedUnlocks + numberOfRequestedLocks
  if (count === 0 && (typeOfLock & Smb1LockType.OPLOCK_RELEASE) !== 0) {
    const told = { from: undefined, to: newOplockLevel, isLease: false, key: undefined, needsAnswer: false }
    return { detail: { kind: 'break', ...told }, fid }
  }
  const isLarge = (typeOfLock & Smb1LockType.LARGE_FILES) !== 0
  const declared = isLarge ? Smb1LargeLockRange : Smb1LockRange
  const kind = (typeOfLock & Smb1LockType.SHARED_LOCK) !== 0 ? LockFlags.SHARED_LOCK : LockFlags.EXCLUSIVE_LOCK
  const locked = kind | (timeout === 0 ? LockFlags.FAIL_IMMEDIATELY : 0)
  const locks: { offset: bigint; length: bigint; flags: number }[] = []
  for (
    let index = 0, at = bytesAt(body);
    index < count && at + declared.size <= body.end;
    index++, at += declared.size
  ) {
    const flags = index < numberOfRequestedUnlocks ? LockFlags.UNLOCK : locked
    locks.push({ ...rangeAt(body, at, isLarge), flags })
  }
  return { detail: { kind: 'lock', locks }, fid }
}

function rangeAt({ view, end }: Smb1Body, at: number, isLarge: boolean): { offset: bigint; length: bigint } {
  if (!isLarge) {
    const { offset, length } = Smb1LockRange.read(view, at, end)
    return { offset: BigInt(offset), length: BigInt(length) }
  }
  const { offset, offsetHigh, length, lengthHigh } = Smb1LargeLockRange.read(view, at, end)
  return { offset: (BigInt(offsetHigh) << 32n) | BigInt(offset), length: (BigInt(lengthHigh) << 32n) | BigInt(length) }
}

/** MS-CIFS 2.2.4.53.1, MS-SMB 2.2.4.6.1: the number of words tells the form. */
function sessionSetup(body: Smb1Body): Smb1Request | undefined {
  const token = whole(Smb1SessionSetupExtendedRequest, body)?.securityBlob
  const begun = { kind: 'session-setup', previousSessionId: 0n } as const
  if (token !== undefined) {
    const logon = readLogonToken(token)
    return { detail: { ...begun, offered: logon.offered, mechanism: logon.mechanism }, logon }
  }
  const found = whole(Smb1SessionSetupRequest, body)
  if (found === undefined) return undefined
  const { accountName, primaryDomain, oemPassword, unicodePassword } = found
  const mechanism = mechanismOf(oemPassword.length, unicodePassword.length, accountName)
  const logon: LogonToken = { offered: [], mechanism, user: accountName, domain: primaryDomain }
  return { detail: { ...begun, offered: [], mechanism }, logon }
}

/** By the lengths of both responses. MS-NLMP 2.2.2.3 to 2.2.2.8. */
function mechanismOf(oemBytes: number, unicodeBytes: number, account: string): LogonToken['mechanism'] {
  if (unicodeBytes > 24) return 'NTLMv2'
  if (unicodeBytes === 24) return 'NTLMv1'
  if (oemBytes === 24) return 'LM'
  return account === '' ? 'anonymous' : 'unknown'
}

const noGrant = { grantedOplock: undefined, grantedLease: undefined, action: undefined, size: undefined } as const

function ntCreate(body: Smb1Body): Smb1Request | undefined {
  const found = words(Smb1NtCreateWords, body)
  if (found === undefined) return undefined
  const name = textAt(body, bytesAt(body))
  return {
    path: name,
    detail: {
      kind: 'create',
      name,
      desiredAccess: found.desiredAccess,
      shareAccess: found.shareAccess,
      disposition: found.createDisposition,
      options: found.createOptions,
      requestedOplock: (found.flags & 0x6) === 0 ? 0 : 1,
      requestedLease: undefined,
      leaseKey: undefined,
      contexts: [],
      ...noGrant,
    },
  }
}

/** Older ways to open: what they say of access and sharing is of another kind, and not told. */
function openedAs(name: string | undefined, accessMode: number | undefined): Smb1Request | undefined {
  if (name === undefined) return undefined
  const asked = { desiredAccess: accessMode ?? 0, shareAccess: 0, disposition: 1, options: 0 }
  const caching = { requestedOplock: 0, requestedLease: undefined, leaseKey: undefined, contexts: [] }
  return { path: name, detail: { kind: 'create', name, ...asked, ...caching, ...noGrant } }
}

/** With more words than `plainWords`, the last two are the offset's upper half. */
function transfer(
  kind: 'read' | 'write',
  found: { readonly fid: number; readonly offset: number; readonly count: number } | undefined,
  body?: Smb1Body,
  plainWords = 0,
): Smb1Request | undefined {
  if (found === undefined) return undefined
  let offset = BigInt(found.offset)
  if (body !== undefined && body.view.getUint8(body.at) >= plainWords) {
    const at = body.at + 1 + (plainWords - 2) * 2
    const high = fixedPart(Smb1OffsetHigh, body.view, at, body.end)?.offsetHigh
    if (high !== undefined) offset |= BigInt(high) << 32n
  }
  return { detail: { kind, offset, length: found.count }, fid: found.fid }
}
