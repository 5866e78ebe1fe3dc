/** The service control manager (MS-SCMR): which services run here, as `sc query` and management tools ask. */
import { utf16Bytes, viewOf } from '../../bytes/utf16.ts'
import { type ContextHandles, type HandleKind, nullHandle } from '../../rpc/context-handles.ts'
import { fault, type RpcFault } from '../../rpc/fault.ts'
import type { ContextHandle } from '../../rpc/ndr/index.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { ServiceKind, ServiceState, Svcctl } from '../../rpc/svcctl/svcctl.ts'
import { WinError } from '../../rpc/werror.ts'
import { FaultStatus } from '../../wire/dcerpc/index.ts'
import type { ServiceContext } from './context.ts'
import { objectDescriptor, partsOf } from './security-objects.ts'

/** A service as it is listed. */
class Offered {
  readonly name: string
  readonly displayName: string
  readonly description: string
  readonly isRunning: boolean

  constructor(name: string, displayName: string, description: string, isRunning: boolean) {
    this.name = name
    this.displayName = displayName
    this.description = description
    this.isRunning = isRunning
  }
}

const offeredBy = (context: ServiceContext): readonly Offered[] => [
  new Offered('LanmanServer', 'Server', 'Shares files over the network', true),
  new Offered('RemoteRegistry', 'Remote Registry', 'Lets the registry be read over the network', true),
  new Offered(
    'Spooler',
    'Print Spooler',
    'Prints',
    context.shares().some(({ type }) => type === 'printer'),
  ),
]

/** An open manager. */
class Manager {
  readonly offered: readonly Offered[]

  constructor(offered: readonly Offered[]) {
    this.offered = offered
  }
}

/** What `serviceState` of an enumeration asks for (MS-SCMR 3.1.4.11). */
const State = { ACTIVE: 1, INACTIVE: 2 } as const
const WIN32_KINDS = 0x30
/** MS-SCMR 3.1.4.11: a buffer has at most so many bytes. */
const MAX_BUFFER_BYTES = 256 * 1024
const STATUS_BYTES = 28
const ENTRY_BYTES = 8 + STATUS_BYTES
const STATUS_PROCESS_BYTES = 36

const statusOf = ({ isRunning }: Offered) => ({
  serviceType: ServiceKind.SHARE_PROCESS,
  currentState: isRunning ? ServiceState.RUNNING : ServiceState.STOPPED,
  controlsAccepted: 0,
  win32ExitCode: 0,
  serviceSpecificExitCode: 0,
  checkPoint: 0,
  waitHint: 0,
})

const noStatus = { ...statusOf(new Offered('', '', '', false)), serviceType: 0, currentState: 0 }

function writeStatus(view: DataView, at: number, offered: Offered): void {
  Object.values(statusOf(offered)).forEach((value, i) => view.setUint32(at + i * 4, value, true))
}

const NOTHING = new Uint8Array(0)

const textBytes = (text: string): Uint8Array => utf16Bytes(`${text}\0`)

/** ENUM_SERVICE_STATUSW one after the other, and behind them all their texts (MS-SCMR 2.2.11). */
function listed(services: readonly Offered[]): Uint8Array {
  const texts = services.map(({ name, displayName }) => [textBytes(name), textBytes(displayName)] as const)
  const size = texts.reduce((sum, [name, display]) => sum + ENTRY_BYTES + name.length + display.length, 0)
  const out = new Uint8Array(size)
  const view = viewOf(out)
  let at = services.length * ENTRY_BYTES
  const put = (text: Uint8Array): number => {
    out.set(text, at)
    at += text.length
    return at - text.length
  }
  services.forEach((offered, i) => {
    const [name, display] = texts[i] as (typeof texts)[number]
    view.setUint32(i * ENTRY_BYTES, put(name), true)
    view.setUint32(i * ENTRY_BYTES + 4, put(display), true)
    writeStatus(view, i * ENTRY_BYTES + 8, offered)
  })
  return out
}

/** Bytes in a buffer of the client's size; nothing of them where they do not fit. */
function buffered(bytes: Uint8Array, bufferBytes: number, tooSmall: number) {
  const fits = bytes.length <= bufferBytes
  const buffer = new Uint8Array(Math.min(bufferBytes, MAX_BUFFER_BYTES))
  if (fits) buffer.set(bytes)
  return { buffer, bytesNeeded: fits ? 0 : bytes.length, result: fits ? WinError.SUCCESS : tooSmall }
}

function statusProcess(offered: Offered): Uint8Array {
  const out = new Uint8Array(STATUS_PROCESS_BYTES)
  writeStatus(viewOf(out), 0, offered)
  return out
}

/** SERVICE_DESCRIPTIONW: an offset and the text. */
function descriptionBytes(offered: Offered): Uint8Array {
  const text = textBytes(offered.description)
  const out = new Uint8Array(4 + text.length)
  viewOf(out).setUint32(0, 4, true)
  out.set(text, 4)
  return out
}

const configOf = ({ name, displayName }: Offered) => ({
  serviceType: ServiceKind.SHARE_PROCESS,
  startType: ServiceKind.AUTO_START,
  errorControl: 1,
  binaryPathName: name,
  loadOrderGroup: '',
  tagId: 0,
  dependencies: '',
  serviceStartName: 'LocalSystem',
  displayName,
})
const noConfig = { ...configOf(new Offered('', '', '', false)), serviceType: 0, startType: 0, serviceStartName: '' }

const refused = () => ({ result: WinError.ACCESS_DENIED })

/** The service for one caller. */
export function svcctl(context: ServiceContext): RpcService {
  const open = (handles: ContextHandles, value: object): { handle: ContextHandle; result: number } => {
    const handle = handles.open(value)
    return handle === undefined
      ? { handle: nullHandle, result: WinError.NOT_ENOUGH_MEMORY }
      : { handle, result: WinError.SUCCESS }
  }
  const held = <T, A>(
    handles: ContextHandles,
    handle: ContextHandle,
    kind: HandleKind<T>,
    work: (found: T) => A,
  ): A | RpcFault => {
    const found = handles.find(handle, kind)
    return found === undefined ? fault(FaultStatus.CONTEXT_MISMATCH) : work(found)
  }
  const find = ({ offered }: Manager, name: string): Offered | undefined =>
    offered.find((each) => each.name.toUpperCase() === name.toUpperCase())

  return service(Svcctl, {
    ROpenSCManagerW: (_input, { handles }) =>
      context.user.kind === 'user'
        ? open(handles, new Manager(offeredBy(context)))
        : { handle: nullHandle, result: WinError.ACCESS_DENIED },
    ROpenServiceW: ({ manager, serviceName }, { handles }) =>
      held(handles, manager, Manager, (found) => {
        const offered = find(found, serviceName)
        return offered === undefined
          ? { handle: nullHandle, result: WinError.SERVICE_DOES_NOT_EXIST }
          : open(handles, offered)
      }),
    RCloseServiceHandle: ({ handle }, { handles }) =>
      handles.close(handle, Manager, Offered) ? { handle: nullHandle, result: 0 } : fault(FaultStatus.CONTEXT_MISMATCH),
    // Services are made, changed, started and stopped where the server is.
    RCreateServiceW: ({ manager }, { handles }) =>
      held(handles, manager, Manager, () => ({ tagId: null, service: nullHandle, result: WinError.ACCESS_DENIED })),
    RChangeServiceConfigW: ({ service: handle }, { handles }) =>
      held(handles, handle, Offered, () => ({ tagId: null, result: WinError.ACCESS_DENIED })),
    RSetServiceObjectSecurity: ({ service: handle }, { handles }) => held(handles, handle, Offered, refused),
    RDeleteService: ({ service: handle }, { handles }) => held(handles, handle, Offered, refused),
    RStartServiceW: ({ service: handle }, { handles }) =>
      held(handles, handle, Offered, ({ isRunning }) =>
        isRunning ? { result: WinError.SERVICE_ALREADY_RUNNING } : refused(),
      ),
    RControlService: ({ service: handle, control }, { handles }) =>
      held(handles, handle, Offered, () => ({
        serviceStatus: noStatus,
        result: control === 0 ? WinError.INVALID_PARAMETER : WinError.ACCESS_DENIED,
      })),
    RQueryServiceStatus: ({ service: handle }, { handles }) =>
      held(handles, handle, Offered, (found) => ({ serviceStatus: statusOf(found), result: 0 })),
    RQueryServiceStatusEx: ({ service: handle, infoLevel, bufferBytes }, { handles }) =>
      held(handles, handle, Offered, (found) => {
        if (infoLevel !== 0) return { buffer: new Uint8Array(0), bytesNeeded: 0, result: WinError.INVALID_LEVEL }
        return buffered(statusProcess(found), bufferBytes, WinError.INSUFFICIENT_BUFFER)
      }),
    RQueryServiceConfigW: ({ service: handle, bufferBytes }, { handles }) =>
      held(handles, handle, Offered, (found) => {
        const config = configOf(found)
        const texts = Object.values(config).filter((value) => typeof value === 'string')
        const bytesNeeded = texts.reduce((sum, text) => sum + textBytes(text).length, 36)
        return bufferBytes < bytesNeeded
          ? { serviceConfig: noConfig, bytesNeeded, result: WinError.INSUFFICIENT_BUFFER }
          : { serviceConfig: config, bytesNeeded, result: WinError.SUCCESS }
      }),
    RQueryServiceConfig2W: ({ service: handle, infoLevel, bufferBytes }, { handles }) =>
      held(handles, handle, Offered, (found) => {
        if (infoLevel !== 1) return { ...buffered(new Uint8Array(0), bufferBytes, 0), result: WinError.INVALID_LEVEL }
        return buffered(descriptionBytes(found), bufferBytes, WinError.INSUFFICIENT_BUFFER)
      }),
    RQueryServiceObjectSecurity: ({ service: handle, securityInformation, bufferBytes }, { handles }) =>
      held(handles, handle, Offered, () => {
        if (securityInformation === 0)
          return { ...buffered(NOTHING, bufferBytes, 0), result: WinError.INVALID_PARAMETER }
        const descriptor = partsOf(objectDescriptor(0x0002_018d, 0x000f_01ff), securityInformation)
        // How long it is is told in any case: clients cut the buffer by that.
        return { ...buffered(descriptor, bufferBytes, WinError.INSUFFICIENT_BUFFER), bytesNeeded: descriptor.length }
      }),
    REnumDependentServicesW: ({ service: handle, serviceState, bufferBytes }, { handles }) =>
      held(handles, handle, Offered, () => {
        const isState = serviceState > 0 && serviceState <= (State.ACTIVE | State.INACTIVE)
        const result = isState ? WinError.SUCCESS : WinError.INVALID_PARAMETER
        return { ...buffered(NOTHING, bufferBytes, 0), servicesReturned: 0, result }
      }),
    REnumServicesStatusW: ({ manager, serviceType, serviceState, bufferBytes, resumeIndex }, { handles }) =>
      held(handles, manager, Manager, ({ offered }) => {
        const wanted = offered.filter(
          ({ isRunning }) =>
            (serviceType & WIN32_KINDS) !== 0 && (serviceState & (isRunning ? State.ACTIVE : State.INACTIVE)) !== 0,
        )
        const answer = buffered(listed(wanted), bufferBytes, WinError.MORE_DATA)
        const servicesReturned = answer.result === WinError.SUCCESS ? wanted.length : 0
        return { ...answer, servicesReturned, resumeIndex: resumeIndex && 0 }
      }),
    RGetServiceDisplayNameW: ({ manager, serviceName }, { handles }) =>
      held(handles, manager, Manager, (found) => {
        const displayName = find(found, serviceName)?.displayName
        return {
          displayName: displayName ?? '',
          length: displayName?.length ?? 0,
          result: displayName === undefined ? WinError.SERVICE_DOES_NOT_EXIST : WinError.SUCCESS,
        }
      }),
  })
}
