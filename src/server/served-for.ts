import type { Failure } from '../wire/erref/failure.ts'
import { serveAs, unixUserOf } from './acting-user.ts'
import type { CommandDefinition, Handler } from './command.ts'
import type { Reply } from './reply.ts'
import type { Request } from './request.ts'
import { endTree } from './session-end.ts'
import { isStillOffered } from './share-access.ts'
import { type Steps, wait } from './steps.ts'
import type { TreeConnect } from './tree-connect.ts'

/** False where the share is not offered to its user any more: then the tree ends. */
export function* isThere(tree: TreeConnect): Steps<boolean> {
  if (tree.generation === tree.session.server.shareGeneration || isStillOffered(tree)) return true
  yield* wait(endTree(tree))
  return false
}

/** Serves a request that has session and tree, as its user where the share tells users apart. */
export function serveFor(request: Request, definition: CommandDefinition): Steps<Reply | Failure> {
  const user = userOf(request)
  return user === undefined ? stepsOf(definition, request) : serveAs(user, () => stepsOf(definition, request))
}

function stepsOf(definition: CommandDefinition, request: Request): Steps<Reply | Failure> {
  const served = definition.serve(request)
  return isSteps(served) ? served : wait(served)
}

function userOf(request: Request): string | undefined {
  const share = request.maybeTree?.share
  return share?.impersonates === true ? unixUserOf(request.session.identity, share.options.guestUnixUser) : undefined
}

const isSteps = (served: ReturnType<Handler<unknown>>): served is Steps<Reply | Failure> =>
  typeof served === 'object' && 'next' in served
