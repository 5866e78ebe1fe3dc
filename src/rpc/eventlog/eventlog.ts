/** Event logs, MS-EVEN 3.1.4: to be opened and found empty. Results are NTSTATUS. */
import { conformantBytes, contextHandle, struct, u16, u32, unicodeString, unique } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'

/** RPC_CLIENT_ID, MS-EVEN 2.2.9, and one character for the server's name: nobody looks at them. */
const serverName = unique(struct('EVENTLOG_HANDLE_W', { unknown0: u16, unknown1: u16 }))

export const Eventlog = rpcInterface(
  'eventlog',
  { uuid: '82273fdc-e32a-18c3-3f78-827929dc23ea', version: '0.0', pipe: 'eventlog' },
  {
    /** MS-EVEN 3.1.4.6. */
    ElfrCloseEL: op(2, 'ElfrCloseEL', { in: { log: contextHandle }, out: { log: contextHandle, result: u32 } }),
    /** MS-EVEN 3.1.4.18. */
    ElfrNumberOfRecords: op(4, 'ElfrNumberOfRecords', {
      in: { log: contextHandle },
      out: { numberOfRecords: u32, result: u32 },
    }),
    /** MS-EVEN 3.1.4.19. */
    ElfrOldestRecord: op(5, 'ElfrOldestRecord', {
      in: { log: contextHandle },
      out: { oldestRecordNumber: u32, result: u32 },
    }),
    /** MS-EVEN 3.1.4.3. */
    ElfrOpenELW: op(7, 'ElfrOpenELW', {
      in: {
        serverName,
        moduleName: unicodeString(),
        regModuleName: unicodeString(),
        majorVersion: u32,
        minorVersion: u32,
      },
      out: { log: contextHandle, result: u32 },
    }),
    /** MS-EVEN 3.1.4.7. */
    ElfrReadELW: op(10, 'ElfrReadELW', {
      in: { log: contextHandle, readFlags: u32, recordOffset: u32, bytesToRead: u32 },
      out: { buffer: conformantBytes, bytesRead: u32, minBytesNeeded: u32, result: u32 },
    }),
    /** MS-EVEN 3.1.4.24. Level 0: whether the log is full. */
    ElfrGetLogInformation: op(22, 'ElfrGetLogInformation', {
      in: { log: contextHandle, infoLevel: u32, bufferBytes: u32 },
      out: { buffer: conformantBytes, bytesNeeded: u32, result: u32 },
    }),
  },
)
