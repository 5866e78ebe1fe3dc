import { Command, TreeDisconnectRequest, TreeDisconnectResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { reply } from '../reply.ts'
import { endTree } from '../session-end.ts'
import { wait } from '../steps.ts'

/** MS-SMB2 3.3.5.8. */
export const treeDisconnect = defineCommand({
  command: Command.TREE_DISCONNECT,
  needs: 'tree',
  body: TreeDisconnectRequest,
  *handler(request) {
    yield* wait(endTree(request.tree))
    return reply(TreeDisconnectResponse, {})
  },
})
