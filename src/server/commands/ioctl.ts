import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command, FsctlCode, IoctlFlags, IoctlRequest, IoctlResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import type { Control, ControlResult, FileControl } from '../control.ts'
import { getCompression, getIntegrity, setCompression, setIntegrity } from '../controls/compression.ts'
import { duplicateExtents } from '../controls/duplicate-extents.ts'
import {
  createOrGetObjectId,
  deleteObjectId,
  objectId,
  setObjectId,
  setObjectIdExtended,
} from '../controls/object-ids.ts'
import { offloadRead, offloadWrite } from '../controls/offload.ts'
import { fileLevelTrim, queryAllocatedRanges, queryFileRegions, setSparse, setZeroData } from '../controls/ranges.ts'
import { deleteReparsePoint, reparsePoint, setReparsePoint } from '../controls/reparse-points.ts'
import { isPathnameValid, ntfsVolumeData, readFileUsnData, writeUsnCloseRecord } from '../controls/volume.ts'
import { copyChunk, requestResumeKey } from '../copy-chunk.ts'
import { dfsReferrals } from '../dfs/get-referrals.ts'
import { requestResiliency } from '../durability/resiliency.ts'
import { Open } from '../open.ts'
import { pipeControl, pipeWait } from '../pipe-controls.ts'
import { enumerateSnapshots } from '../previous-versions.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { networkInterfaces, validateNegotiateInfo } from '../server-controls.ts'
import { negotiatedMaximum } from '../sizes.ts'
import type { Steps } from '../steps.ts'

/** Controls that need no file (MS-SMB2 3.3.5.15: their file id is all ones). */
const serverControls = new Map<number, Control>([
  [FsctlCode.VALIDATE_NEGOTIATE_INFO, validateNegotiateInfo],
  [FsctlCode.QUERY_NETWORK_INTERFACE_INFO, networkInterfaces],
  [FsctlCode.PIPE_WAIT, pipeWait],
  [FsctlCode.DFS_GET_REFERRALS, dfsReferrals],
  [FsctlCode.DFS_GET_REFERRALS_EX, dfsReferrals],
])

const fileControls = new Map<number, FileControl>([
  [FsctlCode.SRV_REQUEST_RESUME_KEY, requestResumeKey],
  [FsctlCode.SRV_COPYCHUNK, copyChunk],
  [FsctlCode.SRV_COPYCHUNK_WRITE, copyChunk],
  [FsctlCode.SRV_ENUMERATE_SNAPSHOTS, enumerateSnapshots],
  [FsctlCode.SET_SPARSE, setSparse],
  [FsctlCode.SET_ZERO_DATA, setZeroData],
  [FsctlCode.QUERY_ALLOCATED_RANGES, queryAllocatedRanges],
  [FsctlCode.QUERY_FILE_REGIONS, queryFileRegions],
  [FsctlCode.FILE_LEVEL_TRIM, fileLevelTrim],
  [FsctlCode.DUPLICATE_EXTENTS_TO_FILE, duplicateExtents],
  [FsctlCode.DUPLICATE_EXTENTS_TO_FILE_EX, duplicateExtents],
  [FsctlCode.OFFLOAD_READ, offloadRead],
  [FsctlCode.OFFLOAD_WRITE, offloadWrite],
  [FsctlCode.GET_COMPRESSION, getCompression],
  [FsctlCode.SET_COMPRESSION, setCompression],
  [FsctlCode.GET_INTEGRITY_INFORMATION, getIntegrity],
  [FsctlCode.SET_INTEGRITY_INFORMATION, setIntegrity],
  [FsctlCode.SET_INTEGRITY_INFORMATION_EX, setIntegrity],
  [FsctlCode.CREATE_OR_GET_OBJECT_ID, createOrGetObjectId],
  [FsctlCode.GET_OBJECT_ID, objectId],
  [FsctlCode.SET_OBJECT_ID, setObjectId],
  [FsctlCode.SET_OBJECT_ID_EXTENDED, setObjectIdExtended],
  [FsctlCode.DELETE_OBJECT_ID, deleteObjectId],
  [FsctlCode.GET_REPARSE_POINT, reparsePoint],
  [FsctlCode.SET_REPARSE_POINT, setReparsePoint],
  [FsctlCode.DELETE_REPARSE_POINT, deleteReparsePoint],
  [FsctlCode.IS_PATHNAME_VALID, isPathnameValid],
  [FsctlCode.GET_NTFS_VOLUME_DATA, ntfsVolumeData],
  [FsctlCode.READ_FILE_USN_DATA, readFileUsnData],
  [FsctlCode.WRITE_USN_CLOSE_RECORD, writeUsnCloseRecord],
  [FsctlCode.LMR_REQUEST_RESILIENCY, requestResiliency],
])

/** What a request has in place of a file where it needs none. */
const NO_FILE = 0xffff_ffff_ffff_ffffn

/** MS-SMB2 3.3.5.15. */
export const ioctl = defineCommand({
  command: Command.IOCTL,
  needs: 'tree',
  body: IoctlRequest,
  payload: (body) => Math.max(body.input.length + body.output.length, body.maxInputResponse + body.maxOutputResponse),
  handler: serveIoctl,
})

function* serveIoctl(request: Request, body: IoctlRequest): Steps<Reply | Failure> {
  // MS-SMB2 3.3.5.15: device controls proper do not travel.
  if (body.flags !== IoctlFlags.IS_FSCTL) return fail(NtStatus.NOT_SUPPORTED)
  const most = negotiatedMaximum(request.connection, 'maxTransactBytes')
  if (body.input.length > most || body.maxOutputResponse > most || body.maxInputResponse > most)
    return fail(NtStatus.INVALID_PARAMETER)
  const result = yield* control(request, body)
  if (failed(result)) return result
  const { output, status = NtStatus.SUCCESS } = result
  return reply(IoctlResponse, { ctlCode: body.ctlCode, fileId: body.fileId, output }, status)
}

function* control(request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  const server = serverControls.get(body.ctlCode)
  if (server !== undefined) {
    // MS-SMB2 3.3.5.15: then it must not name one either.
    const { persistent, volatile } = body.fileId
    if (persistent !== NO_FILE || volatile !== NO_FILE) return fail(NtStatus.INVALID_PARAMETER)
    return yield* server(request, body)
  }
  const open = request.anyOpen(body.fileId)
  if (failed(open)) return open
  if (!(open instanceof Open)) return yield* pipeControl(request, body, open)
  const file = fileControls.get(body.ctlCode)
  if (file === undefined) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  open.use()
  try {
    return yield* file(request, body, open)
  } finally {
    open.release()
  }
}
