import { AccessMask, mapGeneric } from '../../wire/dtyp/index.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import { CreateAction, type CreateRequest, CreateResponse, OplockLevel } from '../../wire/smb2/index.ts'
import { openNamedPipe } from '../named-pipe.ts'
import { PipeOpen } from '../open.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { serviceContext } from '../service-context.ts'

/** What a pipe seems to take on its volume: Windows says one page. */
const PIPE_ALLOCATION_BYTES = 4096n

/** A CREATE on IPC$ opens a named pipe (MS-SMB2 3.3.5.9). */
export function createPipe(request: Request, body: CreateRequest): Reply | Failure {
  const { session, tree, connection } = request
  const pipe = openNamedPipe(body.name, serviceContext(connection.server, session))
  if (failed(pipe)) return pipe
  const desired = mapGeneric(body.desiredAccess)
  const asksForMaximum = (desired & AccessMask.MAXIMUM_ALLOWED) !== 0
  const grantedAccess = asksForMaximum ? tree.maximalAccess : desired
  const open = new PipeOpen({
    id: connection.server.newOpenId(),
    session,
    tree,
    grantedAccess,
    pipe,
    name: body.name,
    channelSequence: request.newChannelSequence(),
  })
  session.opens.set(open.id, open)
  request.chain.open = open
  return reply(CreateResponse, {
    oplockLevel: OplockLevel.NONE,
    createAction: CreateAction.OPENED,
    creationTime: 0n,
    lastAccessTime: 0n,
    lastWriteTime: 0n,
    changeTime: 0n,
    allocationSize: PIPE_ALLOCATION_BYTES,
    endOfFile: 0n,
    fileAttributes: FileAttributes.NORMAL,
    fileId: open.fileId,
  })
}
