/** MS-RAP: the calls of LAN Manager, in SMB1's TRANSACTION with the name `\PIPE\LANMAN`. */
import { bytes, type Infer, optionalTail, struct, tail, u16, u32 } from '../schema/index.ts'
import { oemString } from '../smb1/text.ts'

/** The name of their transactions. MS-RAP 2.1. */
export const LANMAN_PIPE = String.raw`\PIPE\LANMAN`

/** Those of printers. MS-RAP 2.5.1. */
export const RapOpcode = { PRINT_JOB_ENUM: 0x004c, PRINT_JOB_DELETE: 0x0051 } as const

/** A call: what its parameters and its data are, in letters, and the parameters. MS-RAP 2.5.1. */
export const RapRequest = struct('RAP Request', 'MS-RAP 2.5.1', {
  opcode: u16,
  parameterDescriptor: tail(oemString),
  dataDescriptor: tail(oemString),
  parameters: optionalTail(bytes, new Uint8Array(0)),
})
export type RapRequest = Infer<typeof RapRequest>

/** Parameters of NetPrintJobEnum: the queue, and what else is to be said. MS-RAP 2.5.7.5.1. */
export const RapPrintJobEnum = struct('NetPrintJobEnumRequest', 'MS-RAP 2.5.7.5.1', {
  queueName: tail(oemString),
  rest: tail(bytes),
})

/** The same, behind the name. */
export const RapEnumWords = struct('NetPrintJobEnumRequest words', 'MS-RAP 2.5.7.5.1', {
  informationLevel: u16,
  receiveBufferBytes: u16,
})

/** Parameters of NetPrintJobDel. MS-RAP 2.5.7.6.1. */
export const RapPrintJobDelete = struct('NetPrintJobDelRequest', 'MS-RAP 2.5.7.6.1', { jobId: u16 })

/** What every answer begins with: offsets in the data are too large by `converter`. MS-RAP 2.5.2. */
export const RapResponse = struct('RAP Response', 'MS-RAP 2.5.2', { win32ErrorCode: u16, converter: u16.or(0) })

/** MS-RAP 2.5.7.5.2. */
export const RapEnumResponse = struct('NetPrintJobEnumResponse', 'MS-RAP 2.5.7.5.2', {
  win32ErrorCode: u16,
  converter: u16.or(0),
  entriesReturned: u16,
  entriesAvailable: u16,
})

/** What a job waits for. MS-RAP 2.5.7.8.2. */
export const RapJobStatus = { QUEUED: 0x0000, SPOOLING: 0x0002, PRINTING: 0x0003 } as const

/** Texts are offsets from the start of the data. `timeSubmitted` in seconds since 1970. MS-RAP 2.5.7.8.3. */
export const RapPrintJob2 = struct('PrintJobInfo2', 'MS-RAP 2.5.7.8.3', {
  jobId: u16,
  priority: u16,
  userNameOffset: u32,
  position: u16,
  status: u16,
  timeSubmitted: u32,
  size: u32,
  commentOffset: u32,
  documentNameOffset: u32,
})
