import { type Infer, struct, u32, u64 } from '../schema/index.ts'

/** MS-FSCC 2.4.37. */
export const PipeReadMode = { BYTE_STREAM: 0, MESSAGE: 1 } as const
export const PipeCompletionMode = { QUEUE: 0, COMPLETE: 1 } as const
/** MS-FSCC 2.4.38. */
export const PipeType = { BYTE_STREAM: 0, MESSAGE: 1 } as const
export const PipeConfiguration = { INBOUND: 0, OUTBOUND: 1, FULL_DUPLEX: 2 } as const
export const PipeState = { DISCONNECTED: 1, LISTENING: 2, CONNECTED: 3, CLOSING: 4 } as const
export const PipeEnd = { CLIENT: 0, SERVER: 1 } as const

/** MS-FSCC 2.4.37. */
export const FilePipeInformation = struct('FilePipeInformation', '2.4.37', {
  readMode: u32.oneOf(PipeReadMode),
  completionMode: u32.oneOf(PipeCompletionMode),
})
export type FilePipeInformation = Infer<typeof FilePipeInformation>

/** MS-FSCC 2.4.38. */
export const FilePipeLocalInformation = struct('FilePipeLocalInformation', '2.4.38', {
  namedPipeType: u32.oneOf(PipeType),
  namedPipeConfiguration: u32.oneOf(PipeConfiguration),
  maximumInstances: u32,
  currentInstances: u32,
  inboundQuota: u32,
  readDataAvailable: u32,
  outboundQuota: u32,
  writeQuotaAvailable: u32,
  namedPipeState: u32.oneOf(PipeState),
  namedPipeEnd: u32.oneOf(PipeEnd),
})
export type FilePipeLocalInformation = Infer<typeof FilePipeLocalInformation>

/** MS-FSCC 2.4.39. `collectDataTime` counts 100 ns. */
export const FilePipeRemoteInformation = struct('FilePipeRemoteInformation', '2.4.39', {
  collectDataTime: u64,
  maximumCollectionCount: u32,
})
export type FilePipeRemoteInformation = Infer<typeof FilePipeRemoteInformation>

/** MS-FSCC 2.4.29. */
export const FileMailslotQueryInformation = struct('FileMailslotQueryInformation', '2.4.29', {
  maximumMessageSize: u32,
  mailslotQuota: u32,
  nextMessageSize: u32,
  messagesAvailable: u32,
  readTimeout: u64,
})
export type FileMailslotQueryInformation = Infer<typeof FileMailslotQueryInformation>

/** MS-FSCC 2.4.30. */
export const FileMailslotSetInformation = struct('FileMailslotSetInformation', '2.4.30', { readTimeout: u64 })
export type FileMailslotSetInformation = Infer<typeof FileMailslotSetInformation>
