/** A registry of a few keys (MS-RRP): what management tools of Windows read of a server before anything else. */

import { utf16Bytes } from '../../bytes/utf16.ts'
import { type ContextHandles, nullHandle } from '../../rpc/context-handles.ts'
import { fault, type RpcFault } from '../../rpc/fault.ts'
import type { ContextHandle } from '../../rpc/ndr/index.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { WinError } from '../../rpc/werror.ts'
import { RegistryType, Winreg } from '../../rpc/winreg/winreg.ts'
import { FaultStatus } from '../../wire/dcerpc/index.ts'
import { DEFAULT_DOMAIN, REPORTED_VERSION, type ServiceContext } from './context.ts'

type Value = string | number

/** A key, its values and the keys below it. */
interface KeyData {
  readonly values?: Readonly<Record<string, Value>>
  readonly keys?: Readonly<Record<string, KeyData>>
}

function localMachine(context: ServiceContext): KeyData {
  const { versionMajor, versionMinor } = REPORTED_VERSION
  const currentVersion = {
    CurrentVersion: `${versionMajor}.${versionMinor}`,
    CurrentBuildNumber: '7601',
    CurrentBuild: '7601',
    ProductName: 'smbkit',
    SystemRoot: 'C:\\Windows',
  }
  const services: Record<string, KeyData> = {
    Eventlog: {},
    LanmanServer: { keys: { Parameters: { values: { srvcomment: context.comment } } } },
    Tcpip: {
      keys: { Parameters: { values: { Hostname: context.serverName, Domain: context.domainName ?? DEFAULT_DOMAIN } } },
    },
  }
  const control: Record<string, KeyData> = {
    ComputerName: { keys: { ComputerName: { values: { ComputerName: context.serverName } } } },
    ProductOptions: { values: { ProductType: 'ServerNT' } },
    Print: { values: { MajorVersion: 3 } },
  }
  const windows = { 'Windows NT': { keys: { CurrentVersion: { values: currentVersion } } } }
  return {
    keys: {
      SOFTWARE: { keys: { Microsoft: { keys: windows } } },
      SYSTEM: { keys: { CurrentControlSet: { keys: { Control: { keys: control }, Services: { keys: services } } } } },
    },
  }
}

/** An open key. */
class Key {
  readonly data: KeyData

  constructor(data: KeyData) {
    this.data = data
  }
}

/** Names come with their terminator, or without. */
const plain = (name: string | null): string => (name ?? '').replace(/\0.*$/s, '')
const terminated = (name: string): string => `${name}\0`

/** Without regard to case, part by part. */
function below(data: KeyData, path: string): KeyData | undefined {
  let found: KeyData | undefined = data
  for (const part of path.split('\\').filter((each) => each !== ''))
    found = Object.entries(found?.keys ?? {}).find(([name]) => name.toUpperCase() === part.toUpperCase())?.[1]
  return found
}

interface Stored {
  readonly type: number
  readonly data: Uint8Array
}

function stored(value: Value): Stored {
  if (typeof value === 'string') return { type: RegistryType.SZ, data: utf16Bytes(terminated(value)) }
  const data = new Uint8Array(4)
  new DataView(data.buffer).setUint32(0, value, true)
  return { type: RegistryType.DWORD, data }
}

/** A value for a client that says how much room it has; without a buffer only its size is told (MS-RRP 3.1.5.17). */
function answerWith({ type, data }: Stored, wantsData: boolean, room: number | null) {
  const isTooSmall = wantsData && data.length > (room ?? 0)
  return {
    type,
    data: wantsData && !isTooSmall ? [...data] : null,
    dataBytes: data.length,
    length: wantsData && !isTooSmall ? data.length : 0,
    result: isTooSmall ? WinError.MORE_DATA : WinError.SUCCESS,
  }
}

const nothing = (result: number) => ({ type: null, data: null, dataBytes: null, length: null, result })
const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length * 2))

/** The service for one caller. */
export function winreg(context: ServiceContext): RpcService {
  const open = (handles: ContextHandles, data: KeyData | undefined): { key: ContextHandle; result: number } => {
    if (context.user.kind !== 'user') return { key: nullHandle, result: WinError.ACCESS_DENIED }
    if (data === undefined) return { key: nullHandle, result: WinError.FILE_NOT_FOUND }
    const key = handles.open(new Key(data))
    return key === undefined
      ? { key: nullHandle, result: WinError.NOT_ENOUGH_MEMORY }
      : { key, result: WinError.SUCCESS }
  }
  const held = <A>(handles: ContextHandles, handle: ContextHandle, work: (data: KeyData) => A): A | RpcFault => {
    const key = handles.find(handle, Key)
    return key === undefined ? fault(FaultStatus.CONTEXT_MISMATCH) : work(key.data)
  }
  return service(Winreg, {
    OpenLocalMachine: (_input, { handles }) => open(handles, localMachine(context)),
    OpenClassesRoot: (_input, { handles }) => open(handles, {}),
    OpenCurrentUser: (_input, { handles }) => open(handles, {}),
    OpenUsers: (_input, { handles }) => open(handles, {}),
    BaseRegCloseKey: ({ key }, { handles }) =>
      handles.close(key, Key) ? { key: nullHandle, result: 0 } : fault(FaultStatus.CONTEXT_MISMATCH),
    BaseRegOpenKey: ({ key, subKey }, { handles }) =>
      held(handles, key, (data) => open(handles, below(data, plain(subKey)))),
    BaseRegGetVersion: ({ key }, { handles }) => held(handles, key, () => ({ version: 5, result: 0 })),
    BaseRegQueryInfoKey: ({ key }, { handles }) =>
      held(handles, key, ({ keys = {}, values = {} }) => ({
        className: terminated(''),
        subKeys: Object.keys(keys).length,
        maxSubKeyLength: longest(Object.keys(keys)),
        maxClassLength: 0,
        values: Object.keys(values).length,
        maxValueNameLength: longest(Object.keys(values)),
        maxValueLength: Math.max(0, ...Object.values(values).map((value) => stored(value).data.length)),
        securityDescriptorBytes: 0,
        lastWriteTime: 0n,
        result: WinError.SUCCESS,
      })),
    BaseRegEnumKey: ({ key, index, className, lastWriteTime }, { handles }) =>
      held(handles, key, ({ keys = {} }) => {
        const name = Object.keys(keys)[index]
        return {
          name: terminated(name ?? ''),
          className: className === null ? null : terminated(''),
          lastWriteTime: lastWriteTime === null ? null : 0n,
          result: name === undefined ? WinError.NO_MORE_ITEMS : WinError.SUCCESS,
        }
      }),
    BaseRegEnumValue: ({ key, index, data, dataBytes }, { handles }) =>
      held(handles, key, ({ values = {} }) => {
        const entry = Object.entries(values)[index]
        if (entry === undefined) return { name: terminated(''), ...nothing(WinError.NO_MORE_ITEMS) }
        return { name: terminated(entry[0]), ...answerWith(stored(entry[1]), data !== null, dataBytes) }
      }),
    BaseRegQueryValue: ({ key, valueName, data, dataBytes }, { handles }) =>
      held(handles, key, ({ values = {} }) => {
        const wanted = plain(valueName).toUpperCase()
        const value = Object.entries(values).find(([name]) => name.toUpperCase() === wanted)?.[1]
        if (value === undefined) return nothing(WinError.FILE_NOT_FOUND)
        return answerWith(stored(value), data !== null, dataBytes)
      }),
  })
}
