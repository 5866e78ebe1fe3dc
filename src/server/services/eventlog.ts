/** Event logs (MS-EVEN): every one can be opened, and none has an entry. What happens is told elsewhere. */

import { type ContextHandles, nullHandle } from '../../rpc/context-handles.ts'
import { Eventlog } from '../../rpc/eventlog/eventlog.ts'
import { fault, type RpcFault } from '../../rpc/fault.ts'
import type { ContextHandle } from '../../rpc/ndr/index.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { FaultStatus } from '../../wire/dcerpc/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { ServiceContext } from './context.ts'

/** Logs that every Windows has. */
const LOGS: readonly string[] = ['APPLICATION', 'SECURITY', 'SYSTEM']

class Log {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** EVENTLOG_FULL_INFORMATION, MS-EVEN 2.2.4: a number. */
const FULL_INFORMATION_BYTES = 4

/** The service for one caller. */
export function eventlog(context: ServiceContext): RpcService {
  const held = <A>(handles: ContextHandles, handle: ContextHandle, answer: A): A | RpcFault =>
    handles.find(handle, Log) === undefined ? fault(FaultStatus.CONTEXT_MISMATCH) : answer
  const refused = (result: number) => ({ log: nullHandle, result })
  return service(Eventlog, {
    ElfrOpenELW({ moduleName }, { handles }) {
      if (context.user.isAdministrator !== true) return refused(NtStatus.ACCESS_DENIED)
      const name = (moduleName ?? '').replace(/\0.*$/s, '').toUpperCase()
      if (!LOGS.includes(name)) return refused(NtStatus.OBJECT_NAME_NOT_FOUND)
      const log = handles.open(new Log(name))
      return log === undefined ? refused(NtStatus.INSUFFICIENT_RESOURCES) : { log, result: 0 }
    },
    ElfrCloseEL: ({ log }, { handles }) =>
      handles.close(log, Log) ? { log: nullHandle, result: 0 } : fault(FaultStatus.CONTEXT_MISMATCH),
    ElfrNumberOfRecords: ({ log }, { handles }) => held(handles, log, { numberOfRecords: 0, result: 0 }),
    ElfrOldestRecord: ({ log }, { handles }) => held(handles, log, { oldestRecordNumber: 0, result: 0 }),
    ElfrReadELW: ({ log, bytesToRead }, { handles }) =>
      held(handles, log, {
        buffer: new Uint8Array(Math.min(bytesToRead, 0x7_ffff)),
        bytesRead: 0,
        minBytesNeeded: 0,
        result: NtStatus.END_OF_FILE,
      }),
    ElfrGetLogInformation({ log, infoLevel, bufferBytes }, { handles }) {
      const size = Math.min(bufferBytes, 1024)
      const isKnown = infoLevel === 0
      const fits = bufferBytes >= FULL_INFORMATION_BYTES
      return held(handles, log, {
        buffer: new Uint8Array(size),
        bytesNeeded: isKnown ? FULL_INFORMATION_BYTES : 0,
        result: !isKnown ? NtStatus.INVALID_LEVEL : fits ? 0 : NtStatus.BUFFER_TOO_SMALL,
      })
    },
  })
}
